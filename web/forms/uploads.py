"""The files of a verb's form: each is checked and stored, and the form goes on with its number."""

from flask import Request

from engine.actions.files import NotTaken, path_of, store_upload
from engine.clock import now
from engine.database import Session
from engine.errors import Invalid
from engine.models.matter import Matter
from engine.process import Process, Verb
from engine.rules import Actor
from engine.words import Words
from web.auth import settings
from web.watermark import PDF, marked


def store(
    db: Session, request: Request, process: Process, verb: Verb, matter: Matter | None, actor: Actor
) -> dict[str, int]:
    """Field name → document id; `matter` is none where the step begins it. Raises `Invalid` at the field whose file is
    not taken.
    """
    stored: dict[str, int] = {}
    wrong: dict[str, Words] = {}
    for name in verb.needs + verb.takes:
        upload = request.files.get(name) if process.fields[name].kind == "file" else None
        if upload is None or not upload.filename:
            continue
        try:
            document = store_upload(
                db,
                upload.stream,
                upload.filename,
                data=settings().data,
                actor=actor,
                now=now(),
                matter=matter,
            )
            if process.fields[name].watermark and document.media_type == PDF:
                marked(path_of(settings().data, document.sha256), document.name)
            stored[name] = document.id
        except NotTaken as refusal:
            wrong[name] = refusal.words
    if wrong:
        raise Invalid(wrong)
    return stored
