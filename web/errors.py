"""Refusals and faults as people and programs read them: a page, or an RFC 9457 problem. Never a stack trace."""

import uuid
from collections.abc import Mapping

import structlog
from flask import Flask, Response, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from engine import errors
from engine.words import Words
from web.presenters import language

STATUS: dict[type[errors.Refused], int] = {
    errors.Invalid: 422,
    errors.Forbidden: 403,
    errors.WrongState: 409,
    errors.Stale: 409,
    errors.NotFound: 404,
    errors.TooMany: 429,
}
PLAIN: dict[int, Words] = {
    400: Words("请求的内容无法识别。", "The request could not be understood."),
    401: Words("请先登录。", "Please sign in first."),
    404: Words("没有这个页面，或者它已经不对外公开。", "There is no such page, or it is no longer public."),
    405: Words("这个地址不能这样访问。", "This address cannot be used in that way."),
    413: Words("内容太大。", "That is too large."),
    415: Words("这种格式不能使用。", "This format cannot be used."),
    429: Words("操作太频繁，请稍后再试。", "Too many requests; please try again shortly."),
}
FAULT = Words(
    "系统出了问题，没有保存任何内容。请稍后再试。",
    "Something went wrong on our side; nothing was saved. Please try again later.",
)

log = structlog.get_logger("web")

Answer = tuple[Response | str, int, Mapping[str, str]]


def set_up(app: Flask) -> None:
    app.register_error_handler(errors.Refused, _refused)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(Exception, _fault)


def status_of(refusal: errors.Refused) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(refusal, kind)), 409)


def _refused(refusal: errors.Refused) -> Answer:
    extra: dict[str, object] = {}
    if isinstance(refusal, errors.Invalid):
        extra["errors"] = {name: words.say(language()) for name, words in refusal.fields.items()}
    if isinstance(refusal, errors.Stale):
        extra["version"] = refusal.version
    headers = {"Retry-After": str(refusal.retry_after)} if isinstance(refusal, errors.TooMany) else {}
    return _answer(status_of(refusal), refusal.words, extra, headers)


def _forged(_error: CSRFError) -> Answer:
    return _answer(
        400,
        Words(
            "页面打开得太久，请刷新后再提交一次。",
            "The page was open too long; please reload it and submit again.",
        ),
    )


def _plain(error: HTTPException) -> Response | Answer:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]
    if isinstance(error, SecurityError):  # a forged Host: there is no address a page could be built with
        return PLAIN[400].say(language()), 400, {"Content-Type": "text/plain; charset=utf-8"}
    code = error.code or 500
    headers = {"Allow": ", ".join(error.valid_methods or ())} if isinstance(error, MethodNotAllowed) else {}
    return _answer(code, PLAIN.get(code, PLAIN[400] if code < 500 else FAULT), headers=headers)


def _fault(error: Exception) -> Answer:
    """The last resort: a number to quote, and everything else in the log only."""
    number = uuid.uuid4().hex[:12]
    log.exception("fault", number=number, path=request.path, exc_info=error)
    words = Words(f"{FAULT.zh}（编号 {number}）", f"{FAULT.en} (number {number})")
    if _wants_json():
        return _answer(500, words)
    page = current_app.jinja_env.get_template("fault.html")  # without the frame, which needs the database
    return page.render(heading=_said(500)[0], words=words, lang=language()), 500, {}


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def _answer(
    status: int,
    words: Words,
    extra: dict[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    if _wants_json():
        title = words.say(language())
        problem = jsonify({"type": "about:blank", "title": title, "status": status, **(extra or {})})
        problem.content_type = "application/problem+json"
        return problem, status, headers or {}
    heading, instead = _said(status)
    page = render_template(
        "refusal.html", heading=heading, words=words, instead=instead, extra=extra or {}, back=_back()
    )
    return page, status, headers or {}


def _back() -> list[tuple[str, str]]:
    """Where one goes on from a refusal on the workbench: the matter it was about, and what waits."""
    if not request.path.startswith("/desk/") or not current_user.is_authenticated:
        return []
    matter = (request.view_args or {}).get("matter_id")
    page = matter and url_for("matters.show", matter_id=matter)
    found = [(_("回到这件事"), page)] if page and page != request.path else []
    return [*found, (_("待我办理"), url_for("desk.index"))]


def _said(status: int) -> tuple[str, str]:
    """The heading of a refusal, and what to do instead."""
    known: dict[int, tuple[str, str]] = {
        403: (_("您没有这项权限"), _("需要这项权限的，请联系系统管理员；换了岗位的，请重新登录。")),
        404: (_("没有找到"), _("请核对地址或编号，或从首页找起。")),
        409: (_("现在不能办理"), _("请看过最新情况再办。")),
        422: (_("填写有误"), _("请返回上一页改过再办。")),
        429: (_("请稍后再试"), _("请等一分钟再试，已填写的内容可以返回上一页找回。")),
    }
    failed = _("没有办成") if status < 500 else _("系统故障")
    return known.get(status) or (failed, _("请返回上一页，或从首页找起。"))
