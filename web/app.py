"""Puts the web server together: settings, security headers, languages, pages."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request, session, url_for
from flask_babel import Babel
from flask_login import current_user
from flask_wtf import CSRFProtect

from engine import clock
from engine.database import Database
from engine.figures import percent
from engine.queries import people
from engine.settings import Settings, load
from engine.words import Words
from web import api, auth, errors, presenters
from web.limits import limiter
from web.pages import (
    account,
    consultations,
    desk,
    files,
    hall,
    home,
    ledger,
    live,
    matters,
    programmes,
    receipts,
    set_up,
    topics,
)
from web.pages import people as people_pages
from web.phone import StandIn
from web.strict import Id, StrictJSON, refuse_nul
from web.transaction import reading

STATIC = Path(__file__).parent / "static" / "built"
MAX_BODY = 60 * 1024 * 1024
LINKS = [
    (Words("议题征集", "Topics"), "/topics"),
    (Words("建议办理", "Recommendations"), "/recommendations"),
    (Words("公开账本", "Public ledger"), "/ledger"),
    (Words("评论规则", "Comment rules"), "/rules"),
    (Words("隐私说明", "Privacy notice"), "/privacy"),
]

csrf = CSRFProtect()


def create_app(settings: Settings | None = None) -> Flask:
    settings = settings or load()
    app = Flask(__name__, static_folder=str(STATIC), static_url_path="/static")
    app.json = StrictJSON(app)
    app.url_map.converters["id"] = Id
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret,
        TRUSTED_HOSTS=_hosts(settings),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="xieshang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        # else an answer on its way puts an older cookie in the place of one with a newer token
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=_limits_url(settings.redis_url),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_HEADERS_ENABLED=True,
    )
    app.extensions["database"] = Database(settings.database_url)
    if settings.is_demo:
        app.extensions["phone"] = StandIn(is_demo=True)
    csrf.init_app(app)
    limiter.init_app(app)
    Babel(
        app,
        default_locale="zh",
        locale_selector=presenters.language,
        default_translation_directories="translations",
    )
    app.before_request(refuse_nul)
    auth.set_up(app)
    errors.set_up(app)
    _prepare_templates(app)
    for pages in (
        home,
        topics,
        consultations,
        account,
        set_up,
        desk,
        programmes,
        matters,
        people_pages,
        ledger,
        live,
        hall,
        receipts,
        api,
        files,
    ):
        app.register_blueprint(pages.pages)
    app.after_request(_headers(settings))
    auth.check_policies(app)
    return app


def _hosts(settings: Settings) -> list[str]:
    """The names this server answers to. A forged Host gets nothing."""
    known = (urlsplit(url).hostname for url in (settings.public_url, *settings.origins))
    return sorted({host for host in known if host} | {"localhost", "127.0.0.1"})


def _limits_url(redis_url: str) -> str:
    """Where the limits are counted, in the words of their library: a socket has a scheme of its own there."""
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url else "memory://"


def _prepare_templates(app: Flask) -> None:
    app.jinja_env.globals.update(asset=asset, tag_of=presenters.tag, percent=percent)
    app.jinja_env.filters.update(
        twice=lambda value: (value, value),
        say=presenters.say,
        day=presenters.day_words,
        time=presenters.time_words,
        clock=presenters.clock_words,
        hour=presenters.minute_words,
        second=presenters.second_words,
    )
    app.context_processor(_frame)


def asset(name: str) -> str:
    """The address of a built file: its content's hash is in its name, so a browser may keep it for ever."""
    return url_for("static", filename=_manifest()[name])


@cache
def _manifest() -> dict[str, str]:
    manifest: dict[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _frame() -> dict[str, Any]:
    """What every layout needs beside its page: see docs/look.md."""
    with reading() as db:
        house = people.house(db)
        name = Words(house.name, house.name_en) if house else Words("协商", "Xieshang")
        is_demo = bool(house and house.is_demo)
        staff = current_user.is_authenticated and not current_user.is_citizen
        unread = people.unread(db, int(current_user.id)) if staff else 0
        roles = auth.actor(db).roles if staff else frozenset()
    return {
        "look": {
            "lang": presenters.language(),
            "theme": _one_of(request.cookies.get("theme"), ("light", "dark"), "system"),
            "elder": request.cookies.get("elder") == "1",
        },
        "site": {"name": name, "short": Words("协商", "Xieshang"), "demo": is_demo, "links": LINKS},
        "nav": _desk_nav(unread, roles) if request.path.startswith("/desk") else _public_nav(),
        "person": current_user if current_user.is_authenticated else None,
        "printed_at": presenters.time_words(clock.now()),
        "acting": session.get("acting"),
    }


def _one_of(value: str | None, known: tuple[str, ...], otherwise: str) -> str:
    return value if value in known else otherwise


def _public_nav() -> list[dict[str, Any]]:
    items = [(Words("首页", "Home"), "/"), *LINKS[:3]]
    if current_user.is_authenticated and not current_user.is_citizen:
        items.append((Words("工作台", "Workbench"), "/desk/"))
    return [_nav_item(words, href) for words, href in items]


CPPCC = frozenset({"office_staff", "committee_staff", "committee_head", "leader"})
ASSIGNING = frozenset({"assigning_office", "inspection_office"})
UNITS = frozenset({"unit_admin", "unit_handler", "unit_leader"})

DESK: list[tuple[Words, list[tuple[Words, str, frozenset[str]]]]] = [
    (Words("办理", "Work"), [(Words("待我办理", "Waiting for me"), "/desk/", auth.STAFF_ROLES)]),
    (
        Words("议题与计划", "Topics and plan"),
        [
            (Words("议题", "Topics"), "/desk/topics", desk.TOPIC_READERS),
            (Words("年度计划", "Annual plans"), "/desk/plans", auth.STAFF_ROLES),
        ],
    ),
    (
        Words("协商与建议", "Consultations"),
        [
            (Words("协商活动", "Consultations"), "/desk/list/consultation", CPPCC),
            (Words("会议", "Sittings"), "/desk/list/sitting", CPPCC),
            (Words("建议", "Recommendations"), "/desk/list/recommendation", CPPCC | ASSIGNING),
            (Words("承办", "Assignments"), "/desk/list/assignment", ASSIGNING | UNITS),
            (Words("书面答复", "Answers owed"), "/desk/list/question", UNITS),
        ],
    ),
    (
        Words("管理", "Administration"),
        [
            (Words("人员与岗位", "People and posts"), "/desk/people", people_pages.ADMINISTRATORS),
            (Words("单位与活动组", "Units and groups"), "/desk/places", people_pages.ADMINISTRATORS),
        ],
    ),
]
"""The workbench's menu: each entry with the roles that see it."""


def _desk_nav(unread: int, roles: frozenset[str]) -> list[dict[str, Any]]:
    groups = [
        {"words": words, "items": [_nav_item(item, href) for item, href, seen_by in items if roles & seen_by]}
        for words, items in DESK
    ]
    groups[0]["items"].append({**_nav_item(Words("通知", "Notices"), "/desk/notices"), "count": unread})  # type: ignore[attr-defined]
    return [group for group in groups if group["items"]]


def _nav_item(words: Words, href: str) -> dict[str, Any]:
    here = request.path == href or (len(href) > len("/desk/") and request.path.startswith(href))
    return {"words": words, "href": href, "current": here}


def _headers(settings: Settings) -> Callable[[Response], Response]:
    gateway = f"ws://{settings.gateway_host}:{settings.gateway_port} http://{settings.gateway_host}:{settings.gateway_port}"
    policy = (
        f"default-src 'self'; connect-src 'self' {gateway}; media-src 'self' blob:; worker-src 'self' blob:;"
        " object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )

    def add(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if request.endpoint != "static":
            response.headers.setdefault(
                "Cache-Control", "private, no-cache" if request.method == "GET" else "no-store"
            )
            response.headers.add("Vary", "Cookie, Accept-Language")
        return response

    return add
