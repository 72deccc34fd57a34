import re
import subprocess
import sys
from pathlib import Path

import pytest

import dev

REQUIREMENTS = dev.ROOT / "requirements"


def pins(name: str) -> set[str]:
    return set(re.findall(r"^\S+==\S+", (REQUIREMENTS / name).read_text(), re.MULTILINE))


def test_the_tests_run_on_the_very_versions_that_serve() -> None:
    assert pins("base.txt") < pins("test.txt")


@pytest.mark.parametrize(
    "path", [*sorted(REQUIREMENTS.iterdir()), dev.FRONTEND / "package-lock.json"], ids=str
)
def test_a_lock_names_no_registry(path: Path) -> None:
    assert "://" not in path.read_text()


@pytest.mark.parametrize("name", ["uv", "node", "base", "test"])
def test_every_pin_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (REQUIREMENTS / f"{name}.txt").read_text().strip())
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


def test_an_unknown_word_is_refused_in_one_line() -> None:
    done = subprocess.run([sys.executable, "dev.py", "tset"], cwd=dev.ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "tset" in done.stderr


def test_an_environment_that_is_only_linked_is_not_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "kept").touch()
    link = tmp_path / ".venv"
    link.symlink_to(tmp_path / "shared")
    monkeypatch.setattr(dev, "VENV", link)
    with pytest.raises(dev.Trouble) as trouble:
        dev.make_venv()
    assert "\n" not in str(trouble.value)
    assert (tmp_path / "shared" / "kept").exists()


def test_a_failed_tool_is_reported_in_one_line() -> None:
    with pytest.raises(dev.Trouble) as trouble:
        dev.run(sys.executable, "-c", "1 / 0")
    assert str(trouble.value).endswith("：ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            "error: No solution found\n  cause: Because x==1 has no usable wheels\n\nhint: none",
            "cause: Because x==1 has no usable wheels",
        ),
        (
            "npm error code X\nnpm error FetchError: request failed\nnpm error A log is in a file",
            "npm error FetchError: request failed",
        ),
        (
            "ensurepip is not\navailable. You need:\n\n    apt install python3.11-venv\n\nYou may need sudo.",
            "apt install python3.11-venv",
        ),
        ("/usr/bin/python3: No module named venv\n", "/usr/bin/python3: No module named venv"),
        ("", "没有说明原因 it gave no reason"),
    ],
)
def test_the_telling_line_is_the_one_that_says_what_to_do(output: str, line: str) -> None:
    assert dev.telling_line(output) == line


def test_a_stage_is_made_again_only_when_a_source_has_changed_or_its_product_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "VENV", tmp_path)
    source, product = tmp_path / "source", tmp_path / "product"
    made = []

    def make() -> None:
        product.touch()
        made.append(source.read_text())

    def renew() -> list[str]:
        dev.renew(dev.Stage("stage", product, [source], make))
        return made

    source.write_text("1")
    assert renew() == ["1"]
    assert renew() == ["1"]
    source.write_text("2")
    assert renew() == ["1", "2"]
    product.unlink()
    assert renew() == ["1", "2", "2"]
