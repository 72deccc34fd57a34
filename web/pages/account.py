"""Signing in and out, and one's own settings."""

import pyotp
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from engine.actions.people import find_link, set_secrets, sign_out, use_code, use_link, verify_citizen
from engine.clock import now
from engine.errors import Invalid
from engine.queries import people, topics, voices
from engine.queries.matters import state_of
from engine.rules import ROLES, actor_for
from engine.words import Words
from web import auth, presenters
from web.auth import for_signed_in, open_to_all
from web.forms.verb import Form
from web.limits import limiter
from web.phone import checked_number, verifier
from web.strict import path_of_this_site
from web.transaction import as_needed, reading, transaction

pages = Blueprint("account", __name__)


@pages.route("/login", methods=["GET", "POST"])
@open_to_all
@limiter.limit("20/minute", methods=["POST"])
def login() -> str | Response | tuple[str, int]:
    form = Form({"email": request.form.get("email", ""), "next": _next()})
    if request.method == "POST":
        with reading() as db:
            person = people.by_email(db, form.given["email"])
        if auth.password_fits(person, request.form.get("password", "")) and person:
            auth.enter(person)
            return redirect(form.given["next"])
        form.errors["email"] = Words("邮箱或密码不对。", "The address or the password is wrong.")
    return render_template("account/login.html", f=form), 422 if form.errors else 200


def _next(otherwise: str = "/desk/") -> str:
    return path_of_this_site(request.values.get("next", ""), otherwise)


@pages.route("/sign-in/<token>", methods=["GET", "POST"])
@open_to_all
@limiter.limit("60/minute")
def sign_in(token: str) -> str | Response:
    """Looking at the link uses nothing up: mail scanners look too. The button signs in."""
    if request.method == "POST":
        with transaction() as db:
            person = use_link(db, token, purpose="sign_in", now=now())
        if person:
            auth.enter(person)
        return redirect(url_for("desk.index"))
    with reading() as db:
        person = find_link(db, token, purpose="sign_in", now=now()).person
        return render_template("account/sign_in.html", who=person, token=token)


@pages.post("/logout")
@open_to_all
def logout() -> Response:
    """Ends every sign-in of this person, on whatever device: a cookie that was copied is worth nothing afterwards."""
    if current_user.is_authenticated:
        with transaction() as db:
            sign_out(db, int(current_user.id), now=now())
    logout_user()
    session.clear()
    return redirect("/")


@pages.get("/account")
@for_signed_in
def show() -> str:
    return _page(Form())


def _page(form: Form) -> str:
    with reading() as db:
        actor = actor_for(db, people.person(db, int(current_user.id)))  # type: ignore[arg-type]
        return render_template(
            "account/show.html",
            has_password=bool(actor.person and actor.person.password_hash),
            actor=actor,
            roles=ROLES,
            asleep=auth.needs_second_factor(db),
            topics=[(one, state_of(db, one)) for one in topics.own(db, actor)],
            notices=people.notices(db, actor.id or 0) if current_user.is_citizen else [],
            questions=[(one, state_of(db, one)) for one in voices.asked_by(db, actor)],
            f=form,
        )


@pages.post("/account/acting")
@for_signed_in
def acting() -> Response:
    """Which of several roles one acts in; empty for any of them."""
    with reading() as db:
        role = request.form.get("role", "")
        session["acting"] = role if role in auth.actor(db).roles else None
    return redirect(url_for("desk.index"))


@pages.post("/account/password")
@for_signed_in
def password() -> str | Response | tuple[str, int]:
    if wrong := auth.password_wrong(request.form.get("password", ""), request.form.get("again", "")):
        return _page(Form(errors={"password": wrong})), 422
    with transaction() as db:
        person = people.person(db, int(current_user.id))
        assert person  # noqa: S101  (signed in)
        if person.password_hash and not auth.password_fits(person, request.form.get("current", "")):
            return _page(
                Form(errors={"current": Words("现在的密码不对。", "This is not the present password.")})
            ), 422
        set_secrets(db, person, password_hash=auth.hashed(request.form["password"]), now=now())
    auth.stay(person)
    flash(_("密码已设置。"), "done")
    return redirect(url_for("account.show"))


@pages.route("/account/second-factor", methods=["GET", "POST"])
@for_signed_in
@limiter.limit("10/minute", methods=["POST"])
def second_factor() -> str | Response | tuple[str, int]:
    """Sets the second factor up at the first time, asks for its code afterwards."""
    form = Form({"next": _next()})
    with as_needed() as db:
        person = people.person(db, int(current_user.id))
        secret = person.totp_secret if person else None
        offered = secret or session.setdefault("offered_secret", pyotp.random_base32())
        if person and request.method == "POST":
            step = auth.step_of_code(offered, request.form.get("code", ""))
            if step and use_code(db, person, step):
                if secret is None:
                    set_secrets(db, person, totp_secret=offered, now=now())
                session.pop("offered_secret", None)
                session["second_factor"] = True
                flash(_("第二重验证通过。"), "done")
                return redirect(form.given["next"])
            form.errors["code"] = Words(
                "验证码不对，请等下一个再试。", "The code is wrong; please try the next one."
            )
        picture = None if secret else _picture(offered, person.email if person else None)
    return render_template(
        "account/second_factor.html", f=form, secret=None if secret else offered, picture=picture
    ), 422 if form.errors else 200


def _picture(secret: str, email: str | None) -> str:
    """The code an authenticator scans."""
    return presenters.qr(pyotp.TOTP(secret).provisioning_uri(name=email or "", issuer_name="Xieshang"))


@pages.route("/verify", methods=["GET", "POST"])
@open_to_all
@limiter.limit("20/minute", methods=["POST"])
def verify() -> str | Response | tuple[str, int]:
    """A citizen proves a phone and accepts rules and privacy notice before the first word."""
    form = Form(
        {name: request.form.get(name, "") for name in ("phone", "name", "code")} | {"next": _next("/topics")}
    )
    service, shown, sent = verifier(), None, False
    if request.method == "POST":
        try:
            number = checked_number(form.given["phone"])
            if not form.given["code"]:
                shown, sent = service.send(number), True
            else:
                sent = True
                _require_consent()
                if not service.confirm(number, form.given["code"]):
                    raise Invalid({"code": Words("验证码不对。", "The code is wrong.")})
                with transaction() as db:
                    person = verify_citizen(
                        db, auth.phone_key(number), form.given["name"] or _("市民"), now=now()
                    )
                auth.enter(person)
                return redirect(form.given["next"])
        except Invalid as refusal:
            form = form.refused(refusal)
    return render_template("account/verify.html", f=form, shown=shown, sent=sent), 422 if form.errors else 200


def _require_consent() -> None:
    if not request.form.get("accepted"):
        raise Invalid(
            {
                "accepted": Words(
                    "请先阅读并同意评论规则和隐私说明。",
                    "Please read and accept the comment rules and the privacy notice first.",
                )
            }
        )
