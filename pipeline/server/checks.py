"""What a request says, held against the schema that the OpenAPI document has for it."""

import math
import re
from collections.abc import Mapping
from typing import Any

from avel.pipeline.server.problem import Problem

Schema = Mapping[str, Any]
KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def check(value: Any, schema: Schema, place: str) -> None:
    """Look at a value of JSON.

    Only the words of JSON Schema that are used here are known.

    Args:
        value: What was given.
        schema: What it must be.
        place: Where it stands, for messages.

    Raises:
        Problem: it is something else.
    """
    kind: str = schema["type"]
    if not _is_of(value, kind):
        raise _wrong(place, value, f"must be of type {kind}")
    if kind == "object":
        _check_object(value, schema, place)
    elif kind == "array":
        _check_size(len(value), schema, "Items", place, value)
        for number, each in enumerate(value):
            check(each, schema["items"], f"{place}[{number}]")
    elif kind == "string":
        _check_text(value, schema, place)
    elif kind != "boolean":
        _check_number(value, schema, place)


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_object(value: dict[str, Any], schema: Schema, place: str) -> None:
    known = schema.get("properties", {})
    if lacking := [name for name in schema.get("required", ()) if name not in value]:
        raise Problem(422, "WRONG_VALUE", f"{place}: lacks {', '.join(lacking)}")
    for name, each in value.items():
        if name not in known:
            names = ", ".join(known) or "nothing"
            raise Problem(422, "WRONG_VALUE", f"{place}: has {name!r:.60}; it may have {names}")
        check(each, known[name], f"{place}.{name}")


def _check_text(value: str, schema: Schema, place: str) -> None:
    _check_size(len(value), schema, "Length", place, value)
    if "enum" in schema and value not in schema["enum"]:
        raise _wrong(place, value, f"must be one of {', '.join(schema['enum'])}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise _wrong(place, value, f"must be like {schema['pattern']}")
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character
        raise _wrong(place, value, "must be text that is Unicode") from None


def _check_size(size: int, schema: Schema, what: str, place: str, value: Any) -> None:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}", size)
    if not least <= size <= most:
        unit = "items" if what == "Items" else "characters"
        raise _wrong(place, value, f"has {size} {unit}; there must be {least} to {most}")


def _check_number(value: float, schema: Schema, place: str) -> None:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not least <= value <= most:
        raise _wrong(place, value, f"must be in [{least:g}, {most:g}]")


def _wrong(place: str, value: Any, rule: str) -> Problem:
    return Problem(422, "WRONG_VALUE", f"{place}: {value!r:.60} {rule}")


def parsed(text: str, schema: Schema, place: str) -> str | int:
    """A value of the query, which is text there.

    Raises:
        Problem: it is something else.
    """
    value: str | int = text
    if schema["type"] == "integer":
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise _wrong(place, text, "must be a whole number, 0 or more")
        value = int(text)
    check(value, schema, place)
    return value
