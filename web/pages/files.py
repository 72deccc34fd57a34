"""Stored files. Whoever may have one is asked anew each time; it is never shown as a page of this site."""

from pathlib import Path
from typing import IO

from flask import Blueprint, Response, send_file

from engine.actions.files import path_of
from engine.actions.pictures import public_picture
from engine.models.house import Document
from engine.queries.documents import document, published_film, published_photo
from web import auth
from web.auth import open_to_all
from web.transaction import reading

pages = Blueprint("files", __name__)


@pages.get("/files/<id:document_id>")
@open_to_all
def show(document_id: int) -> Response:
    """Public ones to anyone, others to whoever may read the matter. Parts on request, for video."""
    with reading() as db:
        found = document(db, document_id, auth.actor(db))
    return send(found)


@pages.get("/findings/<id:finding_id>/photo")
@open_to_all
def photo(finding_id: int) -> Response:
    """Of a finding whose research is accepted; what the camera wrote into it stays in the house."""
    with reading() as db:
        return _picture(published_photo(db, finding_id))


@pages.get("/research/<id:research_id>/poster")
@open_to_all
def poster(research_id: int) -> Response:
    """What a published film shows before it is played."""
    with reading() as db:
        return _picture(published_film(db, research_id))


def _picture(of: Document) -> Response:
    path = public_picture(auth.settings().data, of)
    response = send_file(path, mimetype="image/jpeg", etag=of.sha256, conditional=True, max_age=300)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def bytes_of(found: Document) -> Path:
    return path_of(auth.settings().data, found.sha256)


def send(found: Document, copy: IO[bytes] | None = None) -> Response:
    """As it is stored, or a copy of it that was made for this reader."""
    response = send_file(
        copy or bytes_of(found),
        mimetype=found.media_type,
        as_attachment=True,
        download_name=found.name,
        etag=False if copy else found.sha256,
        last_modified=None if copy else found.created_at,
        conditional=True,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
