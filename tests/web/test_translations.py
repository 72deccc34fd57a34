"""English is complete: every sentence of the pages has it, none is stale, and placeholders agree."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

WEB = Path(__file__).parents[2] / "web"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"中文", "例如：中国人民政治协商会议××市委员会"}
"""Sentences whose English rightly shows Chinese."""


def sentences() -> set[str]:
    """Every msgid of the pages: the Chinese sentence, the singular where there are two forms."""
    found = extract_from_dir(str(WEB), method_map=METHODS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def english() -> dict[str, tuple[str, ...]]:
    with (WEB / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file)
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            (message.string,) if isinstance(message.string, str) else tuple(message.string)
        )
        for message in catalog
        if message.id
    }


def test_every_sentence_has_english() -> None:
    assert sentences() - english().keys() == set()


def test_no_english_is_left_over() -> None:
    assert english().keys() - sentences() == set()


def test_placeholders_agree_and_nothing_is_left_in_chinese() -> None:
    for chinese, forms in english().items():
        for form in forms:
            assert form.strip(), chinese
            assert set(PLACEHOLDER.findall(form)) <= set(PLACEHOLDER.findall(chinese)), chinese
            assert chinese in NAMES or not CHINESE.search(form), chinese
        assert set(PLACEHOLDER.findall(forms[-1])) == set(PLACEHOLDER.findall(chinese)), chinese
