"""Every sentence has its English, and every English sentence is still said."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import engine
import web
from engine.editions import shipped, shipped_names
from engine.words import Words

WEB = Path(web.__path__[0])
ENGLISH = WEB / "translations" / "en" / "LC_MESSAGES" / "messages.po"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
HOLES = re.compile(r"%\((\w+)\)s")
NAMES = re.compile("中文|中国人民政治协商会议××市委员会")
"""What stays Chinese in English: the name of the language, and the name that a body is to give."""


def key(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """Every msgid of the pages and where it stands."""
    found = extract_from_dir(WEB, METHODS, options_map={"**.html": {"encoding": "utf-8"}})
    return {key(text): f"{name}:{line}" for name, line, text, _comments, _context in found if key(text)}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def english(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_sentence_has_its_english(said: dict[str, str], catalogue: Catalog) -> None:
    known = {
        key(message.id) for message in messages(catalogue) if all(english(message)) and not message.fuzzy
    }
    assert len(said) > 200
    assert {text: place for text, place in said.items() if text not in known} == {}


def test_no_english_is_left_over(said: dict[str, str], catalogue: Catalog) -> None:
    assert [key(message.id) for message in messages(catalogue) if key(message.id) not in said] == []


def test_the_english_fills_the_same_holes(catalogue: Catalog) -> None:
    for message in messages(catalogue):
        holes = set(HOLES.findall(key(message.id)))
        for text in english(message):
            filled = set(HOLES.findall(text))
            assert filled == holes or (len(english(message)) > 1 and filled | {"num"} == holes), text


def test_the_english_holds_no_chinese(catalogue: Catalog) -> None:
    for message in messages(catalogue):
        for text in english(message):
            assert not CHINESE.search(NAMES.sub("", text)), text


def test_every_sentence_is_chinese_first(said: dict[str, str]) -> None:
    """A msgid in English would be shown as it is to Chinese readers."""
    bare = [text for text in said if not CHINESE.search(text) and text not in ("English", "中文")]
    assert [text for text in bare if re.search("[a-z]{3}", text)] == []


def words_in(value: object) -> Iterator[Words]:
    """Every `Words` in a value, however deep."""
    if isinstance(value, Words):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from words_in(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from words_in(part)
    elif hasattr(type(value), "__dataclass_fields__"):
        for name in type(value).__dataclass_fields__:
            yield from words_in(getattr(value, name, None))


def modules(package: object) -> list[str]:
    path, name = package.__path__, package.__name__  # type: ignore[attr-defined]
    return [module.name for module in pkgutil.walk_packages(path, f"{name}.")]


@pytest.mark.parametrize("package", [engine, web], ids=["engine", "web"])
def test_every_word_of_a_module_is_said_in_both_languages(package: object) -> None:
    found = 0
    for name in modules(package):
        if name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(name)).values():
            for words in words_in(value):
                found += 1
                assert both(words), (name, words)
    assert found > 10


@pytest.mark.parametrize("name", shipped_names())
def test_every_word_of_a_procedure_is_said_in_both_languages(name: str) -> None:
    found = list(words_in(shipped(name)))
    assert found
    for words in found:
        assert both(words), words


CALL = re.compile(r'Words\(\s*f?"((?:[^"\\]|\\.)*)",\s*f?"((?:[^"\\]|\\.)*)",?\s*\)')


def test_every_refusal_is_said_in_both_languages() -> None:
    """Those made where they are raised, read from the source."""
    found = 0
    for package in (engine, web):
        for path in Path(package.__path__[0]).rglob("*.py"):
            for zh, en in CALL.findall(path.read_text(encoding="utf-8")):
                if not zh and not en:
                    continue  # nobody, where a name is not said
                found += 1
                assert both(Words(*(re.sub(r"\{[^}]*\}", "7", text) for text in (zh, en)))), (
                    path.name,
                    zh,
                    en,
                )
    assert found > 80


def both(words: Words) -> bool:
    """Chinese says something Chinese or a sign of its own; English says something, and nothing Chinese but a name."""
    quoted = re.sub("平委发〔2018〕12号|“[^”]*”", "", words.en)
    return bool(words.zh and words.en) and not CHINESE.search(quoted)
