"""Puts the web server together: settings, security headers, languages, pages."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request, url_for
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.database import Database
from engine.figures import percent
from engine.settings import Settings, load
from web import api, auth, errors, presenters
from web.frame import frame
from web.limits import limiter
from web.pages import (
    account,
    attendance,
    briefs,
    calendar,
    consultations,
    desk,
    figures,
    files,
    hall,
    home,
    ledger,
    live,
    materials,
    matters,
    plans,
    procedures,
    programmes,
    questionnaires,
    receipts,
    set_up,
    topics,
    walks,
)
from web.pages import people as people_pages
from web.phone import StandIn
from web.strict import Id, StrictJSON, refuse_nul

STATIC = Path(__file__).parent / "static" / "built"
MAX_BODY = 60 * 1024 * 1024

csrf = CSRFProtect()


def create_app(settings: Settings | None = None) -> Flask:
    settings = settings or load()
    app = Flask(__name__, static_folder=str(STATIC), static_url_path="/static")
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
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
        RATELIMIT_STORAGE_OPTIONS={"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        if settings.redis_url
        else {},
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
        questionnaires,
        account,
        set_up,
        desk,
        procedures,
        walks,
        programmes,
        attendance,
        briefs,
        materials,
        figures,
        matters,
        plans,
        calendar,
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
        say=presenters.say,
        day=presenters.day_words,
        date=presenters.date_words,
        written=presenters.written,
        time=presenters.time_words,
        clock=presenters.clock_words,
        hour=presenters.minute_words,
        second=presenters.second_words,
        bytes=presenters.size_words,
    )
    app.context_processor(frame)


def asset(name: str) -> str:
    """The address of a built file: its content's hash is in its name, so a browser may keep it for ever."""
    return url_for("static", filename=_manifest()[name])


@cache
def _manifest() -> dict[str, str]:
    manifest: dict[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _headers(settings: Settings) -> Callable[[Response], Response]:
    streams = " ".join(settings.stream_hosts)
    policy = (
        f"default-src 'self'; connect-src 'self' {settings.socket_url} {streams}; media-src 'self' blob: {streams};"
        " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
        " form-action 'self'"
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
