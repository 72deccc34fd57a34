"""What may come in: JSON that every reader reads alike, ids written one way only, text that can be kept."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import BaseConverter, ValidationError

from engine.words import Words

MAX_DEPTH = 16
MAX_JSON = 1024 * 1024


def refuse_nul() -> None:
    """No database column holds NUL and nobody can type it: it stops at the door, whatever the field."""
    for values in (request.args, request.form):
        for name, value in values.items(multi=True):
            if "\0" in name or "\0" in value:
                raise BadRequest


def line_wrong(text: str, most: int, *, required: bool = True) -> Words | None:
    """What keeps a text from being one line of at most so many characters."""
    text = text.strip()
    if (text or not required) and len(text) <= most and (text.isprintable() or not text):
        return None
    return Words(f"请填写一行文字，不超过 {most} 字。", f"Please give one line of at most {most} characters.")


def path_of_this_site(target: str, otherwise: str) -> str:
    """`target` if a browser cannot take it for another site's address."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    is_here = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if is_here and target.isprintable() else otherwise


class StrictJSON(DefaultJSONProvider):
    """An object in UTF-8, without a key twice, without NaN or Infinity, not nested without end."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        if len(s) > MAX_JSON:
            raise RequestEntityTooLarge
        try:
            text = s.decode("utf-8") if isinstance(s, bytes) else s
            if _depth(text) > MAX_DEPTH:
                raise ValueError("nested too deep")
            value = json.loads(
                text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite
            )
            if any(b"\0" in part.encode("utf-8") for part in _texts(value)):  # a lone surrogate has no UTF-8
                raise ValueError("NUL")
        except (ValueError, RecursionError) as error:
            raise BadRequest from error
        if not isinstance(value, dict):
            raise BadRequest
        return value


def _depth(text: str) -> int:
    """At least the nesting of the text; brackets in strings count too, which no honest body comes near."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _texts(value: object) -> Iterator[str]:
    """Every text in it, names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number out of range")
    return value


class Id(BaseConverter):
    """1, 2, 3 … in ASCII digits, without leading zeros and within what a database can hold."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        if not value.isascii() or int(value) >= 2**53:
            raise ValidationError
        return int(value)
