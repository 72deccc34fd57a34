"""What people read, in both languages of the house. Chinese is first, English complete."""

from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Words(NamedTuple):
    """One thing said twice; never one language with the other as a fallback."""

    zh: str
    en: str

    def say(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def quoted(text: str) -> str:
    """In quotation marks; those that stand in it already become single ones."""
    return f"“{text.translate(_INNER)}”"


_INNER = str.maketrans("“”", "‘’")
