Redoc.init(
  "/openapi.json",
  {
    scrollYOffset: "nav.bar",
    hideDownloadButtons: true,
    requiredPropsFirst: true,
    theme: {
      colors: { primary: { main: "#0a6c5b" } },
      typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } },
    },
  },
  document.getElementById("calls"),
  () => {
    // For those who hear the page or go through it by keys: no level of headings is left out, and
    // what scrolls can be reached.
    for (const heading of document.querySelectorAll("#calls h5")) {
      heading.setAttribute("role", "heading");
      heading.setAttribute("aria-level", "3");
    }
    for (const sample of document.querySelectorAll("#calls pre")) sample.tabIndex = 0;
    // What a link goes to has moved down meanwhile.
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  },
);
