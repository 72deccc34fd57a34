"""Files are what is in them: kept under their hash, refused in words."""

import hashlib
import io
import random
import zipfile
from pathlib import Path

import pytest
from docx import Document as Docx
from openpyxl import Workbook

from engine.actions.files import MOST_BYTES, NotTaken, path_of, receive, store_upload
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from tests.houses import House

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30).to_bytes(4, "big") + (20).to_bytes(4, "big") + b"\x08\2\0\0\0CRC0"
    b"\0\0\0\0IEND\xaeB`\x82"
)
JPG = (
    b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08"
    + (20).to_bytes(2, "big")
    + (30).to_bytes(2, "big")
    + b"\xff\xd9"
)
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + b"\0\0\0\x08mdat"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


ON_ONE = pytest.mark.parametrize("house", ["sqlite"], indirect=True)
"""What a file is does not depend on the database."""


def docx() -> bytes:
    file = io.BytesIO()
    Docx().save(file)
    return file.getvalue()


def xlsx() -> bytes:
    file = io.BytesIO()
    Workbook().save(file)
    return file.getvalue()


def package(main: str, **parts: bytes) -> bytes:
    """An Office package whose main part is of this type."""
    file = io.BytesIO()
    kind = f"application/vnd.openxmlformats-officedocument.{main}.main+xml"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", f'<Types><Override ContentType="{kind}"/></Types>')
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


SOUND = {
    "调研报告.docx": docx(),
    "名单.xlsx": xlsx(),
    "通报.pptx": package("presentationml.presentation"),
    "批示.pdf": PDF,
    "现场.jpg": JPG,
    "现场.JPEG": JPG,
    "图.png": PNG,
    "录像.mp4": MP4,
}


def stored(house: House, tmp_path: Path, content: bytes, name: str) -> Document:
    with house.transaction() as db:
        received = receive(io.BytesIO(content), name, tmp_path)
        return store_upload(db, received, actor=house.actor(db, "office"), now=house.now)


def files_in(data: Path) -> list[Path]:
    return [path for path in (data / "files").rglob("*") if path.is_file()]


@ON_ONE
@pytest.mark.parametrize("name", SOUND)
def test_every_type_that_is_taken_is_kept_under_its_hash(house: House, tmp_path: Path, name: str) -> None:
    content = SOUND[name]
    document = stored(house, tmp_path, content, name)
    sha256 = hashlib.sha256(content).hexdigest()
    assert (document.name, document.sha256, document.size, document.is_public) == (
        name,
        sha256,
        len(content),
        False,
    )
    assert path_of(tmp_path, sha256) == tmp_path / "files" / sha256[:2] / sha256[2:]
    assert path_of(tmp_path, sha256).read_bytes() == content
    with house.database.reading() as db:
        entry = db.query(LedgerEntry).order_by(LedgerEntry.id.desc()).first()
        assert entry is not None
        assert (entry.event, entry.data["sha256"]) == ("document.stored", sha256)
        assert [text.text for text in entry.texts] == [name]


@ON_ONE
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "空.pdf"),
        (b"<html><script>alert(1)</script></html>", "报告.pdf"),
        (b"/*\n" + PDF, "多义.pdf"),
        (PDF[:-8], "截断.pdf"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "图.svg"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "图.png"),
        (b"MZ" + bytes(100), "程序.exe"),
        (PDF, "程序.exe"),
        (PDF, "没有后缀"),
        (docx(), "其实是文档.xlsx"),
        (docx()[:500], "截断.docx"),
        (b"PK\x03\x04" + bytes(50), "空壳.docx"),
        (package("wordprocessingml.document", **{"word/vbaProject.bin": b"x"}), "宏.docx"),
        (JPG[:-6], "无头.jpg"),
        (PNG.replace((30).to_bytes(4, "big"), (60_000).to_bytes(4, "big")).replace(
            (20).to_bytes(4, "big"), (60_000).to_bytes(4, "big")), "炸弹.png"),
        (b"\0\0\0\x18ftypqt  \0\0\2\0qt  ", "苹果.mp4"),
        (EICAR, "病毒.pdf"),
    ],
)  # fmt: skip
def test_what_is_not_what_its_name_says_is_refused_in_words(
    house: House, tmp_path: Path, content: bytes, name: str
) -> None:
    with pytest.raises(NotTaken) as refusal:
        stored(house, tmp_path, content, name)
    assert refusal.value.words.zh.startswith(("文件", "只能上传"))
    assert files_in(tmp_path) == []


def test_a_package_that_unpacks_to_more_than_it_may_is_refused(house: House, tmp_path: Path) -> None:
    file = io.BytesIO(package("wordprocessingml.document"))
    with zipfile.ZipFile(file, "a") as bomb:
        bomb.writestr("word/document.xml", b"x")
        bomb.filelist[-1].file_size = 501 * 1024 * 1024
    with pytest.raises(NotTaken):
        stored(house, tmp_path, file.getvalue(), "炸弹.docx")


class Endless(io.RawIOBase):
    """A body that never ends; it counts what was read of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return bytes(size)


def test_more_than_50_mb_is_refused_without_reading_on(tmp_path: Path) -> None:
    endless = Endless()
    with pytest.raises(NotTaken) as refusal:
        receive(endless, "大.mp4", tmp_path)
    assert refusal.value.words.zh == "文件不能超过 50 MB。"
    assert endless.taken <= MOST_BYTES + 2 * 1024 * 1024


@ON_ONE
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\资料\\报告.pdf", "报告.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        (".pdf", "文件.pdf"),
        ("长" * 300 + ".pdf", "长" * 120 + ".pdf"),
        ('"<script>".pdf', '"<script>".pdf'),
    ],
)
def test_a_name_keeps_no_path_and_nothing_unseen_and_bytes_stay_under_the_store(
    house: House, tmp_path: Path, sent: str, kept: str
) -> None:
    document = stored(house, tmp_path, PDF, sent)
    assert document.name == kept
    assert files_in(tmp_path) == [path_of(tmp_path, document.sha256)]


def test_the_same_bytes_twice_are_two_documents_and_one_file(house: House, tmp_path: Path) -> None:
    content = PDF + random.Random(7).randbytes(100) + b"%%EOF"
    first, second = stored(house, tmp_path, content, "甲.pdf"), stored(house, tmp_path, content, "乙.pdf")
    assert first.id != second.id
    assert first.sha256 == second.sha256
    assert len(files_in(tmp_path)) == 1
