"""Who is asking, and which pages are open to them. A page without a declared policy stops the start."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import pyotp
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from engine.actions.people import signs_in
from engine.clock import now
from engine.database import Session
from engine.errors import Forbidden
from engine.models.people import Person
from engine.queries import people
from engine.rules import NOBODY, ROLES, Actor, actor_for, titles
from engine.settings import Settings
from engine.words import Words
from web.presenters import language
from web.transaction import reading, transaction

VIEWER_COOKIE = "viewer"
VIEWER_LASTS = timedelta(days=180)
PASSWORD_LEAST = 12
STAFF_ROLES = frozenset(ROLES) - {"citizen", "submitter", "invitee", "remote_guest", "recipient", "system"}

Page = TypeVar("Page", bound=Callable[..., object])


@dataclass(frozen=True)
class Policy:
    """`anyone`, or whoever is signed in, or holds one of `roles`."""

    anyone: bool = False
    roles: frozenset[str] = frozenset()


def open_to_all(page: Page) -> Page:
    return _declare(page, Policy(anyone=True))


def for_signed_in(page: Page) -> Page:
    return _declare(page, Policy())


def for_roles(*roles: str) -> Callable[[Page], Page]:
    """Opens a page to these roles. What they may do with a row is the engine's to say."""
    return lambda page: _declare(page, Policy(roles=frozenset(roles)))


for_staff = for_roles(*STAFF_ROLES)


def _declare(page: Page, policy: Policy) -> Page:
    page.__dict__["policy"] = policy
    return page


class SignedIn(UserMixin):
    """A person as the cookie knows them."""

    def __init__(self, person: Person) -> None:
        self.id = person.id
        self.name = person.name
        self.is_citizen = person.phone_key is not None
        self.has_second_factor = person.totp_secret is not None
        self.stamp = hashlib.sha256(f"{person.password_hash}{person.signed_out_at}".encode()).hexdigest()[:16]

    def get_id(self) -> str:
        """What the cookie holds. A new password or a sign-out makes every cookie before it worthless."""
        return f"{self.id}.{self.stamp}"


def set_up(app: Flask) -> None:
    manager = LoginManager(app)
    manager.user_loader(_load)
    app.before_request(_check)
    app.after_request(_keep_viewer)


def check_policies(app: Flask) -> None:
    """Deny by default: refuses to start with a page that has not said whom it is for."""
    bare = [
        name for name, page in app.view_functions.items() if name != "static" and not hasattr(page, "policy")
    ]
    if bare:
        raise RuntimeError(f"these pages declare no policy: {', '.join(sorted(bare))}")


def _load(cookie_id: str) -> SignedIn | None:
    with reading() as db:
        person = people.person(db, int(cookie_id.partition(".")[0]))
        known = SignedIn(person) if person and not person.disabled_at else None
        return known if known and known.get_id() == cookie_id else None


def _check() -> Response | None:
    if request.endpoint in (None, "static"):
        return None
    policy = cast(Policy, current_app.view_functions[request.endpoint].__dict__["policy"])
    if policy.anyone:
        return None
    if not current_user.is_authenticated:
        if request.path.startswith("/api/"):
            abort(401)
        door = "account.login" if policy.roles else "account.verify"  # the telephone's page leads staff on
        return redirect(url_for(door, next=request.full_path.rstrip("?")))
    if policy.roles:
        with reading() as db:
            if actor(db).roles & policy.roles:
                return None
            if needs_second_factor(db, policy.roles):
                return redirect(url_for("account.second_factor", next=request.full_path.rstrip("?")))
            who = (
                titles(sorted(policy.roles))
                if policy.roles != STAFF_ROLES
                else Words("工作人员和委员", "staff and members")
            )
            raise Forbidden(Words(f"这一页只对{who.zh}开放。", f"This page is open to: {who.en}."))
    return None


def actor(db: Session) -> Actor:
    """Whoever asks, with the posts that count now. A grave role counts only after a second factor (not in the demo)."""
    if not current_user.is_authenticated:
        return NOBODY
    person = people.person(db, int(current_user.id))
    if person is None or person.disabled_at:
        return NOBODY
    known = actor_for(db, person, session.get("acting"))
    if settings().is_demo or session.get("second_factor"):
        return known
    return Actor(person, [post for post in known.posts if not ROLES[post.role].grave], known.acting)


def needs_second_factor(db: Session, roles: Set[str] = frozenset(ROLES)) -> bool:
    """Whether a grave one of these roles, held by this person, sleeps until a second factor is given."""
    if not current_user.is_authenticated or settings().is_demo or session.get("second_factor"):
        return False
    person = people.person(db, int(current_user.id))
    return person is not None and any(ROLES[role].grave for role in actor_for(db, person).roles & roles)


def settings() -> Settings:
    return cast(Settings, current_app.config["SETTINGS"])


def enter(person: Person) -> None:
    """Signs a person in with a fresh cookie: nothing of the one before is kept."""
    session.clear()
    session.permanent = True
    with transaction() as db:
        signs_in(db, person.id, language=language())
    stay(person)


def stay(person: Person) -> None:
    """Keeps this browser signed in when the person's password has changed."""
    login_user(SignedIn(person))


def password_wrong(password: str, again: str) -> Words | None:
    if len(password) >= PASSWORD_LEAST and password == again:
        return None
    return Words(
        f"密码至少 {PASSWORD_LEAST} 位，两次要相同。",
        f"At least {PASSWORD_LEAST} characters, twice the same.",
    )


def hashed(password: str) -> str:
    return generate_password_hash(password, method="scrypt")


def password_fits(person: Person | None, password: str) -> bool:
    """Takes as long for an unknown person as for a known one."""
    kept = person.password_hash if person and person.password_hash else _NOBODY_HASH
    return check_password_hash(kept, password) and person is not None and person.password_hash is not None


_NOBODY_HASH = generate_password_hash(secrets.token_hex(), method="scrypt")


def step_of_code(secret: str, code: str) -> int | None:
    """The half minute an authenticator's code is of: this one or a neighbour; nothing for any other code."""
    totp = pyotp.TOTP(secret)
    present = totp.timecode(now())
    near = (present + step for step in (-1, 0, 1))
    return next((step for step in near if _same(totp.generate_otp(step), code.strip())), None)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def phone_key(number: str) -> str:
    """A phone number as it is kept: a keyed hash that nobody without the house's secret can compute."""
    return hmac.new(settings().secret, b"phone:" + number.encode(), hashlib.sha256).hexdigest()


def viewer() -> str:
    """The random key of this browser: what a visit, a like and a receipt's limit are counted by."""
    if "viewer" not in g:
        kept = request.cookies.get(VIEWER_COOKIE, "")
        g.viewer = (
            kept
            if len(kept) == 22 and kept.replace("-", "").replace("_", "").isalnum()
            else secrets.token_urlsafe(16)
        )
    return cast(str, g.viewer)


def _keep_viewer(response: Response) -> Response:
    if "viewer" in g and request.cookies.get(VIEWER_COOKIE) != g.viewer:
        response.set_cookie(
            VIEWER_COOKIE,
            g.viewer,
            max_age=VIEWER_LASTS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
