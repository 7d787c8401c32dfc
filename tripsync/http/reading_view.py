"""The API as one page to read and to print: no script, nothing from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from tripsync.http.problems import Refusal

CODE = re.compile(r"`([^`]+)`")
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --strong: #0a6c5b; }
@media (prefers-color-scheme: dark) { :root { --strong: #5cd6bf; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto;
padding: 2rem 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 3rem; text-transform: capitalize; }
article { border-top: 1px solid var(--line); padding: 1rem 0; }
code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem 1rem; overflow: auto; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem;
border-bottom: 1px solid var(--line); vertical-align: top; }
.method { color: var(--strong); font-weight: 700; } .open { font-size: .85rem; opacity: .75; }
nav a { display: inline-block; margin-right: 1rem; text-transform: capitalize; }
"""


def render(
    document: Mapping[str, Any], refusals: Sequence[Refusal], sockets: Mapping[str, Any]
) -> str:
    features: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            features.setdefault(operation["tags"][0], []).append(entry(method, path, operation))
    info = document["info"]
    return "".join(
        (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
            "<meta name='viewport' content='width=device-width, initial-scale=1'>",
            f"<title>TripSync API {escape(info['version'])}</title>",
            f"<style>{STYLE}</style></head><body>",
            f"<h1>TripSync API <small>{escape(info['version'])}</small></h1>",
            *paragraphs(info["description"]),
            "<nav>",
            *(f"<a href='#{escape(feature)}'>{escape(feature)}</a>" for feature in features),
            "<a href='#sockets'>sockets</a><a href='#problems'>problems</a></nav>",
            *(
                f"<h2 id='{escape(feature)}'>{escape(feature)}</h2>{''.join(entries)}"
                for feature, entries in features.items()
            ),
            *live(sockets),
            "<h2 id='problems'>Problems</h2>",
            "<table><tr><th>code</th><th>status</th><th>meaning</th></tr>",
            *(
                f"<tr id='{escape(each.code)}'><td><code>{escape(each.code)}</code></td>"
                f"<td>{each.status}</td><td>{escape(each.detail)}</td></tr>"
                for each in refusals
            ),
            "</table></body></html>",
        )
    )


def live(sockets: Mapping[str, Any]) -> Iterator[str]:
    """What goes over sockets, either way, and what becomes of them."""
    channels = sockets["channels"].values()
    first = next(iter(channels))
    yield "<h2 id='sockets'>Sockets</h2>"
    yield from paragraphs(sockets["info"]["description"])
    addresses = ", ".join(f"<code>{escape(each['address'])}</code>" for each in channels)
    yield f"<p>{addresses}; the same as a document: <code>/asyncapi.json</code></p>"
    yield "<table><tr><th>token</th><th>how</th></tr>"
    for scheme in sockets["components"]["securitySchemes"].values():
        name = escape(scheme.get("name", "Authorization"))
        how = " ".join(paragraphs(scheme["description"]))
        yield f"<tr><td><code>{name}</code></td><td>{how}</td></tr>"
    yield "</table>"
    for key, message in sockets["components"]["messages"].items():
        yield from message_entry(key, message)
    yield "<table id='close-codes'><tr><th>closed with</th><th>why</th><th>then</th></tr>"
    for each in first["x-close-codes"]:
        then = " ".join(paragraphs(each["advice"]))
        yield f"<tr><td>{each['code']}</td><td>{escape(each['reason'])}</td><td>{then}</td></tr>"
    yield "</table>"


def message_entry(key: str, message: Mapping[str, Any]) -> Iterator[str]:
    direction = key.partition("_")[0]
    sample = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
    yield f"<article id='{escape(key)}'><h3><span class='method'>{direction}</span> "
    yield f"<code>{escape(message['name'])}</code></h3>"
    yield from paragraphs(message["summary"])
    yield from paragraphs(message.get("description", ""))
    yield f"<pre>{escape(sample)}</pre></article>"


def paragraphs(text: str) -> Iterator[str]:
    """Prose, with `code` in it."""
    for part in filter(None, text.split("\n\n")):
        prose = CODE.sub(r"<code>\1</code>", escape(part))
        yield f"<p>{prose}</p>"


def entry(method: str, path: str, operation: Mapping[str, Any]) -> str:
    access = "" if "security" in operation else " <span class='open'>no token needed</span>"
    return "".join(
        (
            f"<article id='{escape(operation['operationId'])}'>",
            f"<h3><span class='method'>{method.upper()}</span> ",
            f"<code>{escape(path)}</code>{access}</h3>",
            *paragraphs(operation["summary"] + "."),
            *paragraphs(operation["description"]),
            parameters(operation["parameters"]),
            *bodies("Send", operation.get("requestBody", {})),
            *answers(operation["responses"]),
            "</article>",
        )
    )


def parameters(given: Sequence[Mapping[str, Any]]) -> str:
    if not given:
        return ""
    rows = (
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for each in given
    )
    return f"<table>{''.join(rows)}</table>"


def bodies(title: str, holder: Mapping[str, Any]) -> Iterator[str]:
    for media_type, content in holder.get("content", {}).items():
        if media_type == "multipart/form-data" and len(holder["content"]) > 1:
            continue
        sample = escape(json.dumps(content["example"], indent=2, ensure_ascii=False))
        yield f"<p>{title} <code>{escape(media_type)}</code></p><pre>{sample}</pre>"


def answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, response in responses.items():
        if status.startswith("2"):
            yield f"<p>Answer <b>{status}</b></p>"
            yield from bodies("Get", response)
    refused = [
        f"<tr><td>{status}</td><td>{escape(response['description']).replace('`', '')}</td></tr>"
        for status, response in responses.items()
        if not status.startswith("2")
    ]
    yield f"<table>{''.join(refused)}</table>"
