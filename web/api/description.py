"""The API's own description: for programs, and as a page for people, without anything from elsewhere."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import jsonify, render_template
from werkzeug.wrappers import Response

from web.api.spec import api, describe
from web.auth import open_to_all


class Operation(NamedTuple):
    """`given` holds names and types of what may be asked, `answer` the name of the good answer's schema."""

    method: str
    path: str
    about: str
    given: list[tuple[str, str]]
    answer: str


class Field(NamedTuple):
    name: str
    type: str
    always: bool


@api.get("/openapi.json")
@open_to_all
def openapi() -> Response:
    return jsonify(describe())


@api.get("/")
@open_to_all
def index() -> str:
    described = describe()
    schemas = described["components"]["schemas"]
    return render_template(
        "api/index.html",
        operations=list(_operations(described)),
        schemas=[(name, one.get("description", ""), _fields(one)) for name, one in sorted(schemas.items())],
    )


def _operations(described: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            given = [(one["name"], type_of(one["schema"])) for one in operation["parameters"]]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            given += [("body", type_of(body["schema"]))] if body else []
            good = next(answer for status, answer in operation["responses"].items() if status < "300")
            answer = type_of(good["content"]["application/json"]["schema"])
            yield Operation(method.upper(), path, operation["summary"], given, answer)


def _fields(schema: dict[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [Field(name, type_of(one), name in required) for name, one in schema.get("properties", {}).items()]


def type_of(schema: dict[str, Any]) -> str:
    """`integer`, `string (date)`, `Words`, `Figure[]`, `string | null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(map(type_of, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"{type_of(schema['items'])}[]"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
