"""The files of a verb's form: each is checked and kept, also by a form that is refused, and goes on with its number."""

from dataclasses import astuple, dataclass
from typing import Any

from flask import Request, current_app
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from engine.actions.files import NotTaken, Received, path_of, receive, store_upload
from engine.clock import now
from engine.database import Session
from engine.errors import Invalid
from engine.models.matter import Matter
from engine.process import Process, Verb
from engine.rules import Actor
from engine.words import Words
from web.auth import settings
from web.forms.verb import Form
from web.watermark import PDF, marked

KEPT_FOR = 2 * 60 * 60  # seconds
GONE = Words("收到的文件已过保留时间，请重新选择。", "The file is no longer kept; please choose it again.")


@dataclass(frozen=True)
class Kept:
    """A file as the form that comes back shows it; `reference` stands for it when the same sign-in sends it again."""

    name: str
    size: int
    reference: str


def take(request: Request, process: Process, verb: Verb, form: Form) -> dict[str, Received]:
    """The files that were sent, or were kept for this form, by field; `form` shows them when it comes back.

    Looking at a file may take a second: this is for before the transaction, and for who may do the step.
    """
    received: dict[str, Received] = {}
    for name in verb.needs + verb.takes:
        if process.fields[name].kind != "file":
            continue
        upload, reference = request.files.get(name), request.form.get(f"{name}-kept", "")
        try:
            if upload and upload.filename:
                one = receive(upload.stream, upload.filename, settings().data)
            elif reference and f"{name}-drop" not in request.form:
                one = _read(reference)
            else:
                continue
            if process.fields[name].watermark and one.media_type == PDF:
                marked(path_of(settings().data, one.sha256), one.name)
        except NotTaken as refusal:
            form.errors[name] = refusal.words
        else:
            received[name] = one
            form.given[name] = Kept(one.name, one.size, _refer(one))
    return received


def store(db: Session, form: Form, received: dict[str, Received], matter: Matter | None, actor: Actor) -> Any:
    """What was typed, and for each file its document's number; `matter` is none where the step begins it. Raises
    `Invalid` where a file is not taken.
    """
    if form.errors:
        raise Invalid(form.errors)
    return form.given | {
        name: store_upload(db, one, actor=actor, now=now(), matter=matter).id
        for name, one in received.items()
    }


def _refer(received: Received) -> str:
    return _signer().dumps([*astuple(received), int(now().timestamp()) + KEPT_FOR])


def _read(reference: str) -> Received:
    try:
        *values, until = _signer().loads(reference)
    except BadSignature as forged:
        raise NotTaken(GONE) from forged
    received = Received(*values)
    if now().timestamp() >= until or not path_of(settings().data, received.sha256).exists():
        raise NotTaken(GONE)
    return received


def _signer() -> URLSafeSerializer:
    """Of this sign-in: a reference is nothing in anybody else's form, nor after the person has signed out."""
    return URLSafeSerializer(str(current_app.secret_key), salt=f"file {current_user.get_id()}")
