"""What breaks clients between two OpenAPI documents: the one that was released, and today's.

What clients send may be taken more widely, and never more narrowly; what they get may be said more
closely, and never less. Each break is a line, by which it can be allowed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Document = Mapping[str, Any]
Direction = Literal["sent", "given"]
METHODS = {"get", "put", "post", "delete", "patch"}
# A bound, and whether a larger one takes more.
BOUNDS = {
    "maximum": True,
    "exclusiveMaximum": True,
    "maxLength": True,
    "maxItems": True,
    "minimum": False,
    "exclusiveMinimum": False,
    "minLength": False,
    "minItems": False,
}


def breaks(old: Document, new: Document) -> list[str]:
    """Every break, once."""
    return sorted(set(Comparison(old, new).breaks()))


def operations(document: Document) -> dict[str, tuple[str, Any]]:
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


class Comparison:
    """Of two documents, schema by schema."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        # Schemas that name each other are compared once.
        self._seen: set[tuple[str, str, Direction]] = set()

    def breaks(self) -> Iterator[str]:
        old, new = operations(self._old), operations(self._new)
        for name, (address, operation) in old.items():
            if name not in new:
                yield f"{name}: is gone"
                continue
            new_address, new_operation = new[name]
            if address != new_address:
                yield f"{name}: is {new_address} and not {address} any more"
            yield from self._operation(name, operation, new_operation)
        for name in self._old["components"]["schemas"].keys() - self._new["components"]["schemas"]:
            yield f"{name}: the schema is gone"

    def _operation(self, name: str, old: Any, new: Any) -> Iterator[str]:
        if not old["security"] and new["security"]:
            yield f"{name}: needs a token"
        yield from self._parameters(name, old, new)
        yield from self._bodies(name, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield f"{name}: does not answer {status} any more"
                continue
            told = new["responses"][status].get("content", {})
            yield from self._contents(name, "given", answer.get("content", {}), told)

    def _parameters(self, name: str, old: Any, new: Any) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old["parameters"]}
        after = {(each["in"], each["name"]): each for each in new["parameters"]}
        for key, each in before.items():
            place = f"{name} {each['in']} {each['name']}"
            if key not in after:
                yield f"{place}: is not taken any more"
            else:
                yield from self._schema(place, "sent", each["schema"], after[key]["schema"])
        for key, each in after.items():
            if each.get("required") and not before.get(key, {}).get("required"):
                yield f"{name} {each['in']} {each['name']}: is needed"

    def _bodies(self, name: str, old: Any, new: Any) -> Iterator[str]:
        if new and not old:
            yield f"{name}: needs a body"
        elif old:
            yield from self._contents(name, "sent", old["content"], (new or {}).get("content", {}))

    def _contents(self, name: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
        for media_type, content in old.items():
            place = f"{name} {direction}"
            if media_type not in new:
                yield f"{place}: {media_type} is gone"
            else:
                told = new[media_type]["schema"]
                yield from self._schema(place, direction, content["schema"], told)

    def _schema(self, place: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
        if "$ref" in old and "$ref" in new:
            place = old["$ref"].rpartition("/")[2]
            key = (old["$ref"], new["$ref"], direction)
            if key in self._seen:
                return
            self._seen.add(key)
        old, new = resolved(self._old, old), resolved(self._new, new)
        yield from types_differ(place, direction, old, new)
        yield from values_differ(place, direction, old, new)
        yield from self._fields(place, direction, old, new)
        if "items" in old and "items" in new:
            yield from self._schema(f"{place}[]", direction, old["items"], new["items"])
        yield from self._options(place, direction, old, new)

    def _options(self, place: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
        """Options of a union that are of one type, or have one name, are compared."""
        before, after = by_name(self._old, old), by_name(self._new, new)
        for name in before.keys() & after.keys():
            yield from self._schema(place, direction, before[name], after[name])

    def _fields(self, place: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        if not before or not after:
            return
        for field, schema in before.items():
            if field in after:
                yield from self._schema(f"{place}.{field}", direction, schema, after[field])
            else:
                yield f"{place}.{field}: is gone"
        needed, needed_now = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "sent":
            yield from (f"{place}.{field}: is needed" for field in needed_now - needed)
        else:
            missing = (needed - needed_now) & after.keys()
            yield from (f"{place}.{field}: may be missing" for field in missing)


def resolved(document: Document, schema: Any) -> Any:
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def by_name(document: Document, schema: Any) -> dict[str, Any]:
    """The options of a union, by the name of the schema or by the type."""
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if not options:
        return {}
    return {each.get("$ref") or str(resolved(document, each).get("type")): each for each in options}


def types_of(schema: Any) -> set[str]:
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] or [schema]
    return {each.get("$ref") or str(each.get("type")) for each in options}


def types_differ(place: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
    before, after = types_of(old), types_of(new)
    # Whole numbers are numbers.
    wide, narrow = (after, before) if direction == "sent" else (before, after)
    lost = {each for each in narrow - wide if not (each == "integer" and "number" in wide)}
    if lost:
        names = ", ".join(sorted(each.rpartition("/")[2] for each in lost))
        yield f"{place}: {'no' if direction == 'sent' else 'also'} {names}"


def values_differ(place: str, direction: Direction, old: Any, new: Any) -> Iterator[str]:
    before, after = set(old.get("enum", ())), set(new.get("enum", ()))
    if direction == "sent":
        if after and (lost := before - after):
            yield f"{place}: does not take {', '.join(map(str, sorted(lost)))} any more"
        elif after and not before:
            yield f"{place}: takes only some values"
        yield from bounds_differ(place, old, new)
    elif before and (more := after - before):
        yield f"{place}: may also be {', '.join(map(str, sorted(more)))}"


def bounds_differ(place: str, old: Any, new: Any) -> Iterator[str]:
    for bound, grows in BOUNDS.items():
        if bound not in new:
            continue
        was, now = old.get(bound), new[bound]
        if was is None or (now < was if grows else now > was):
            yield f"{place}: {bound} is {now}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{place}: another pattern"
