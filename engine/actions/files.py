"""Files: kept under the hash of their bytes, known by what is in them, never by their name alone."""

import contextlib
import hashlib
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.models.house import Document
from engine.models.matter import Matter
from engine.record import record
from engine.rules import Actor
from engine.words import Words

MOST_BYTES = 50 * 1024 * 1024
MOST_UNPACKED = 500 * 1024 * 1024
MOST_PARTS = 10_000
MOST_PIXELS = 100_000_000
NAME_MAX = 120
CHUNK = 1024 * 1024
MP4_BRANDS = {b"isom", b"iso2", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "}

OFFICE = "application/vnd.openxmlformats-officedocument"


class NotTaken(Refused):
    """A file that is not stored; the words say why."""


@dataclass(frozen=True)
class Received:
    """A file whose bytes are on the disk, and that no row names yet."""

    name: str
    media_type: str
    size: int
    sha256: str


def path_of(data: Path, sha256: str) -> Path:
    """Where bytes stand in the data folder: files/ab/cdef…"""
    return data / "files" / sha256[:2] / sha256[2:]


def store_upload(
    db: Session, received: Received, *, actor: Actor, now: datetime, matter: Matter | None = None
) -> Document:
    """What somebody sent."""
    return store_received(db, received, kind="upload", actor=actor, now=now, matter=matter)


def store_file(
    db: Session,
    stream: IO[bytes],
    name: str,
    *,
    kind: str,
    data: Path,
    actor: Actor,
    now: datetime,
    matter: Matter | None = None,
    is_public: bool = False,
) -> Document:
    """`kind` is `upload`, `raw` for the rows under figures, or the number of a document that the house made itself."""
    received = receive(stream, name, data)
    return store_received(db, received, kind=kind, actor=actor, now=now, matter=matter, is_public=is_public)


def receive(stream: IO[bytes], name: str, data: Path) -> Received:
    """The bytes are on the disk before a row says so; a row that is rolled back leaves bytes that nobody names. Raises
    `NotTaken` for a file that is empty, too large, or not what its name says.
    """
    name = _plain(name)
    sha256, size, media_type = _keep(stream, name, data)
    return Received(name, media_type, size, sha256)


def store_received(
    db: Session,
    received: Received,
    *,
    kind: str,
    actor: Actor,
    now: datetime,
    matter: Matter | None = None,
    is_public: bool = False,
) -> Document:
    """The row of a file; `kind` as in `store_file`."""
    document = Document(
        matter_id=matter.id if matter else None,
        kind=kind,
        name=received.name,
        media_type=received.media_type,
        size=received.size,
        sha256=received.sha256,
        is_public=is_public,
        created_at=now,
        created_by_id=actor.id,
    )
    db.add(document)
    db.flush()
    _record(db, document, actor, now)
    return document


def _record(db: Session, document: Document, actor: Actor, now: datetime) -> None:
    facts = {
        "id": document.id,
        "kind": document.kind,
        "sha256": document.sha256,
        "size": document.size,
        "matter": document.matter_id,
    }
    record(
        db,
        "document.stored",
        noun="document",
        verb="store",
        actor=actor,
        now=now,
        data={key: value for key, value in facts.items() if value is not None},
        texts={"name": document.name},
    )


def _keep(stream: IO[bytes], name: str, data: Path) -> tuple[str, int, str]:
    """Writes to a temporary file, looks at it, and only then gives it its place. Returns hash, size and type."""
    with incoming(data) as file:
        digest, size = hashlib.sha256(), 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                raise NotTaken(Words("文件不能超过 50 MB。", "A file may have at most 50 MB."))
            digest.update(chunk)
            file.write(chunk)
        media_type = _type_of(file, name, size)
        _place(file, digest.hexdigest(), data)
    return digest.hexdigest(), size, media_type


def incoming(data: Path) -> IO[bytes]:
    """A temporary file beside those that are kept; it is gone when it is closed."""
    folder = data / "files"
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-")


def receive_made(file: IO[bytes], name: str, media_type: str, data: Path) -> Received:
    """What the house itself has written to an incoming file, however large."""
    file.flush()
    with open(file.name, "rb") as written:
        sha256, size = hashlib.file_digest(written, "sha256").hexdigest(), written.tell()
    _place(file, sha256, data)
    return Received(name, media_type, size, sha256)


def _place(file: IO[bytes], sha256: str, data: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    path = path_of(data, sha256)
    path.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.link(file.name, path)
    for changed in (path.parent, data / "files"):
        _sync(changed)


def _type_of(file: IO[bytes], name: str, size: int) -> str:
    suffix = name.rpartition(".")[2].lower()
    if not size:
        raise NotTaken(Words("文件是空的。", "The file is empty."))
    if suffix not in KINDS:
        known = sorted(KINDS)
        raise NotTaken(
            Words(
                f"只能上传这些类型的文件：{'、'.join(known)}。",
                f"Only these types are taken: {', '.join(known)}.",
            )
        )
    media_type, holds = KINDS[suffix]
    if not holds(file):
        raise NotTaken(
            Words(
                f"文件内容不是完好的 {suffix}，请重新导出后再上传。",
                f"What is in the file is no sound {suffix}; please export it again and upload that.",
            )
        )
    return media_type


def _plain(name: str) -> str:
    """The last part of whatever path was sent, printable, with its ending kept when it is too long."""
    name = "".join(
        character for character in name.replace("\\", "/").rpartition("/")[2] if character.isprintable()
    )
    stem, dot, suffix = name.strip().rpartition(".")
    return (
        f"{stem.strip()[:NAME_MAX] or '文件'}{dot}{suffix[:10]}" if dot else name.strip()[:NAME_MAX] or "文件"
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: IO[bytes], start: int, count: int) -> bytes:
    """Counts from the end where `start` is negative."""
    file.seek(start, os.SEEK_SET if start >= 0 else os.SEEK_END)
    return file.read(count)


def _is_pdf(file: IO[bytes]) -> bool:
    size = file.seek(0, os.SEEK_END)
    return _read(file, 0, 5) == b"%PDF-" and b"%%EOF" in _read(file, -min(size, 1024), 1024)


def _is_png(file: IO[bytes]) -> bool:
    head = _read(file, 0, 24)
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        return False
    width, height = struct.unpack(">II", head[16:24])
    return 0 < width * height <= MOST_PIXELS and _read(file, -8, 4) == b"IEND"


def _is_jpg(file: IO[bytes]) -> bool:
    """Walks the segments to the frame's head, which says how large the picture is."""
    if _read(file, 0, 2) != b"\xff\xd8":
        return False
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        marker, length = head[1], struct.unpack(">H", head[2:])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _, height, width = struct.unpack(">BHH", file.read(5).ljust(5, b"\0"))
            return bool(0 < width * height <= MOST_PIXELS)
        if length < 2 or marker == 0xDA:
            return False
        file.seek(length - 2, os.SEEK_CUR)
    return False


def _is_mp4(file: IO[bytes]) -> bool:
    """Its first box names the brands it keeps to."""
    head = _read(file, 0, 40)
    brands = {head[start : start + 4] for start in range(8, len(head), 4)}
    return head[4:8] == b"ftyp" and bool(brands & MP4_BRANDS)


def _is_office(main: str) -> Callable[[IO[bytes]], bool]:
    """A package whose main part is of this type: no macros, no password, and no bomb."""

    def holds(file: IO[bytes]) -> bool:
        if _read(file, 0, 4) != b"PK\x03\x04":
            return False
        try:
            with zipfile.ZipFile(file) as package:
                parts = package.infolist()
                if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                    return False
                if any(part.flag_bits & 1 or part.filename.endswith("vbaProject.bin") for part in parts):
                    return False
                with package.open("[Content_Types].xml") as types:
                    return f"{OFFICE}.{main}.main+xml".encode() in types.read(CHUNK)
        except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, EOFError, ValueError):
            return False

    return holds


KINDS: dict[str, tuple[str, Callable[[IO[bytes]], bool]]] = {
    "pdf": ("application/pdf", _is_pdf),
    "docx": (f"{OFFICE}.wordprocessingml.document", _is_office("wordprocessingml.document")),
    "xlsx": (f"{OFFICE}.spreadsheetml.sheet", _is_office("spreadsheetml.sheet")),
    "pptx": (f"{OFFICE}.presentationml.presentation", _is_office("presentationml.presentation")),
    "jpg": ("image/jpeg", _is_jpg),
    "jpeg": ("image/jpeg", _is_jpg),
    "png": ("image/png", _is_png),
    "mp4": ("video/mp4", _is_mp4),
}
