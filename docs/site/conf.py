"""How Sphinx builds README.md, docs/ and the other pages for people as one site (`make docs`).

The source folder is the project, so that a link leads to the same file here and where the
repository is read as files.
"""

import re
from pathlib import Path

from pygments.lexers.sql import PostgresLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]

project = "TripSync"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/**.md",
    "sql/README.md",
    "migrations/README.md",
    "clients/*/README.md",
    ".github/SECURITY.md",
    ".github/CODE_OF_CONDUCT.md",
]
exclude_patterns = [
    ".[!g]*",
    ".git",
    "build",
    "dist",
    "var",
    "*.egg-info",
    "**/node_modules",
    "clients/*/.venv",
]
# As the pages of a repository name headings.
myst_heading_anchors = 4
highlight_language = "text"

html_theme = "furo"
html_title = "TripSync"
html_favicon = "../../tripsync/http/static/icon.svg"
html_theme_options = {
    "light_css_variables": dict.fromkeys(("color-brand-primary", "color-brand-content"), "#0a6c5b"),
    "dark_css_variables": dict.fromkeys(("color-brand-primary", "color-brand-content"), "#5cd6bf"),
}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["site.css"]
# index.html leads to README.html.
html_extra_path = ["extra"]

# The first levels of the contents; below them, a page named README has the pages that it links to
# in its own folder.
SECTIONS = {
    "Pages": [
        "/docs/tutorial/README",
        "How to </docs/how-to/README>",
        "/docs/reference/README",
        "/docs/explanation/README",
        "/docs/decisions/README",
    ],
    "Beside the code": [
        "Sockets </docs/sockets>",
        "Client in Python </clients/python/README>",
        "Client in TypeScript </clients/typescript/README>",
        "/sql/README",
        "/migrations/README",
        "/CONTRIBUTING",
        "/CHANGELOG",
        "/.github/SECURITY",
        "/.github/CODE_OF_CONDUCT",
    ],
}
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)#:\s]+)\)")
PAGE_BESIDE = re.compile(r"\]\(([\w.-]+)\.md[)#]")


def make_contents(_: Sphinx, page: str, source: list[str]) -> None:
    if page == root_doc:
        contents = SECTIONS
    else:
        beside = PAGE_BESIDE.findall(source[0]) if page.endswith("/README") else ()
        contents = {"": list(dict.fromkeys(beside))} if beside else {}
    for title, pages in contents.items():
        lines = [f":caption: {title}"] if title else []
        source[0] += "\n".join(["", "", "```{toctree}", ":hidden:", *lines, "", *pages, "```", ""])


def unlink_folders(_: Sphinx, page: str, source: list[str]) -> None:
    """A folder of the repository is no page of the site."""

    def replace(link: re.Match[str]) -> str:
        folder = (ROOT / page).parent / link["target"]
        return link["text"] if folder.is_dir() else link[0]

    source[0] = LINK.sub(replace, source[0])


def setup(app: Sphinx) -> None:
    app.add_lexer("sql", PostgresLexer)
    app.connect("source-read", make_contents)
    app.connect("source-read", unlink_folders)
