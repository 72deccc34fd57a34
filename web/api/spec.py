"""The blueprint of the API, and its description made from what the pages declare."""

from typing import Any, cast

from flask import Blueprint, Request, abort, request
from spectree import Response, SpecTree
from spectree.plugins.flask_plugin import FlaskPlugin

from engine.errors import Invalid
from engine.words import Words
from web.api.schema import MOST_ID, Problem

TITLE = "协商 Xieshang"
ABOUT = (
    "公开的协商活动、会议、统计和建议办理情况。匿名可读；错误按 RFC 9457 返回。"
    " Public consultations, sittings, statistics and recommendations. No key is needed; errors follow RFC 9457."
)
ID = {"type": "integer", "minimum": 1, "maximum": MOST_ID}

api = Blueprint("api", __name__, url_prefix="/api/v1")


class Plugin(FlaskPlugin):
    """Knows the house's `<id:…>` in an address, and adds no pages of its own (they load from a CDN)."""

    def parse_path(self, route: Any, descriptions: Any) -> tuple[str, list[dict[str, Any]]]:
        path, parameters = super().parse_path(route, descriptions)
        return path, [{**parameter, "schema": parameter["schema"] or ID} for parameter in parameters]

    def register_route(self, app: Any) -> None:
        raise NotImplementedError


def _refuse(asked: Request, _response: Any, error: Any, *_: object) -> None:
    """What was asked wrongly, field by field; a body that is not JSON is refused before."""
    if asked.content_length and not asked.is_json:
        abort(415)
    if error is not None:
        raise Invalid({str((each["loc"] or ["body"])[0]): _said(each["type"]) for each in error.errors()})


def _said(kind: str) -> Words:
    if kind == "extra_forbidden":
        return Words("没有这个参数。", "There is no such parameter.")
    return Words("这个参数的值不能使用。", "This value cannot be used.")


spec = SpecTree(
    backend=Plugin,
    mode="strict",
    before=_refuse,
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    annotations=False,
    path="api/v1/pages",
    title=TITLE,
    description=ABOUT,
    version="1",
)


def answers(model: type, *problems: int) -> Response:
    """The good answer, and the problems that may come instead: 400 always may."""
    return Response(HTTP_200=model, **{f"HTTP_{code}": Problem for code in (400, *problems)})


def asked() -> Any:
    """The query or the body of this request, as the page's model has read it."""
    context = cast(Any, request).context
    return context.json or context.query


def describe() -> dict[str, Any]:
    """OpenAPI 3.1 of every page of the API. Within the application's context."""
    described: dict[str, Any] = spec.spec
    for page in described["paths"].values():
        for operation in page.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = False  # no field of any body is
            for status, response in operation["responses"].items():
                if status >= "400" and "application/json" in response.get("content", {}):
                    response["content"] = {
                        "application/problem+json": response["content"]["application/json"]
                    }
    return described
