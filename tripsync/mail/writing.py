"""A letter is written from its templates, as plain text and as HTML.

A template says things, `{{ say("...") }}`, and not how they look; so both forms tell the same. What
comes from people is escaped in HTML and can open no second header.
"""

import textwrap
from collections.abc import Mapping
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.filters import do_mark_safe
from markupsafe import Markup

WIDTH = 76


class Text(NamedTuple):
    """A letter in words."""

    subject: str
    plain: str
    html: str


class Plain:
    """Paragraphs in plain text; the template ends each with a newline of its own."""

    def say(self, words: str) -> str:
        return f"{wrapped(words)}\n"

    def link(self, url: str) -> str:
        # On a line of its own, which nothing breaks.
        return f"    {url}\n"

    def fact(self, name: str, words: object) -> str:
        return wrapped(f"{name}: {words}")


class Html:
    """The same for readers with a screen for it."""

    def say(self, words: str) -> Markup:
        return Markup("<p>{}</p>").format(visible(words))

    def link(self, url: str) -> Markup:
        return Markup('<p><a href="{0}">{0}</a></p>').format(url)

    def fact(self, name: str, words: object) -> Markup:
        return Markup("<p><b>{}:</b> {}</p>").format(name, visible(str(words)))


def wrapped(words: str) -> str:
    lines = textwrap.wrap(visible(words), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def visible(words: str) -> str:
    """What people wrote, as one paragraph: no line of theirs passes for one of ours."""
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())


def environment(medium: Plain | Html) -> Environment:
    made = Environment(
        loader=PackageLoader("tripsync.mail"),
        autoescape=isinstance(medium, Html),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(say=medium.say, link=medium.link, fact=medium.fact)
    return made


PLAIN, HTML = (environment(medium) for medium in (Plain(), Html()))


def write(letter: str, facts: Mapping[str, object], frame: Mapping[str, str]) -> Text:
    """A letter about these facts; the frame is what stands below every one."""
    subject = visible(part(PLAIN, letter, "subject", facts))
    plain = part(PLAIN, letter, "body", facts)
    html = part(HTML, letter, "body", facts)
    return Text(
        subject,
        PLAIN.get_template("frame.txt").render(body=plain.strip(), **frame).rstrip() + "\n",
        HTML.get_template("frame.html").render(body=do_mark_safe(html), subject=subject, **frame),
    )


def part(written: Environment, letter: str, block: str, facts: Mapping[str, object]) -> str:
    template = written.get_template(f"{letter}.jinja")
    return "".join(template.blocks[block](template.new_context(dict(facts))))
