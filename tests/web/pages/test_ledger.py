"""The public ledger: what is downloaded is checked by the shipped program, as a stranger would."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.actions.ledger import seal
from engine.ledger import load_or_create_key
from engine.queries.ledger import tree
from tests.web.visitors import Web, said


def sealed(web: Web) -> None:
    with web.house.transaction() as db:
        key = load_or_create_key(web.app.config["SETTINGS"].data / "ledger.key")
        seal(db, tree(db), key=key, now=web.house.now)


def download(web: Web, folder: Path) -> str:
    """Everything the page offers, and the key it shows."""
    visitor = web.visitor()
    page = visitor.get("/ledger")
    for path in re.findall(
        r'href="(/ledger/(?:log\.jsonl|checkpoint|verifier\.py|receipts/\d+\.json))"', page.text
    ):
        (folder / path.rpartition("/")[2]).write_bytes(visitor.get(path).data)
    key = re.search(r"--key &#34;(.+?)&#34;|--key \"(.+?)\"", page.text)
    assert key
    return html.unescape(key[1] or key[2])


def verify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verifier.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_stranger_checks_the_whole_log_with_the_programs_own_download(
    web_on_both: Web, tmp_path: Path
) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        web.house.topic(db, web.house.plan(db))
    sealed(web)
    folder = tmp_path / "stranger"
    folder.mkdir()
    key = download(web, folder)
    found = verify(folder, "log", "log.jsonl", "checkpoint", "--key", key)
    assert (found.returncode, found.stderr) == (0, ""), found.stdout
    assert len((folder / "log.jsonl").read_text().splitlines()) == web.facts()
    receipts = sorted(folder.glob("[0-9]*.json"))
    assert receipts
    for receipt in receipts:
        assert verify(folder, "receipt", receipt.name, "--key", key).returncode == 0


def test_a_changed_log_does_not_pass(web: Web, tmp_path: Path) -> None:
    sealed(web)
    folder = tmp_path / "stranger"
    folder.mkdir()
    key = download(web, folder)
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join([*lines[:3], lines[4], lines[3], *lines[5:]]) + "\n", encoding="utf-8")
    assert verify(folder, "log", "log.jsonl", "checkpoint", "--key", key).returncode == 1
    log.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert verify(folder, "log", "log.jsonl", "checkpoint", "--key", key).returncode == 1
    receipt = next(folder.glob("[0-9]*.json"))
    content = json.loads(receipt.read_text())
    content["index"] = 0 if content["index"] else 1
    receipt.write_text(json.dumps(content))
    assert verify(folder, "receipt", receipt.name, "--key", key).returncode == 1


def test_an_unsealed_entry_has_no_receipt_yet(web: Web) -> None:
    visitor = web.visitor()
    assert "账本里还没有记录。" in said(visitor.get("/ledger"))
    for path in ("/ledger/checkpoint", "/ledger/receipts/1.json"):
        assert visitor.get(path).status_code == 404
    assert visitor.get("/ledger/log.jsonl").data == b""


def test_the_page_shows_the_latest_entries_first(web: Web) -> None:
    sealed(web)
    page = web.visitor().get("/ledger?size=20").text
    numbers = [int(number) for number in re.findall(r"/ledger/receipts/(\d+)\.json", page)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 20


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoint"])
def test_a_public_download_names_no_person(web: Web, name: str) -> None:
    sealed(web)
    text = web.visitor().get(f"/ledger/{name}").text
    for private in ("周办公", "office@xieshang.example"):
        assert private not in text
