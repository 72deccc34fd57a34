"""Everything that is kept. Importing this package makes every table known."""

from engine.models import (
    consultation,
    draft,
    edition,
    house,
    ledger,
    live,
    matter,
    people,
    questionnaire,
    recommendation,
    topic,
    voice,
)

__all__ = [
    "consultation",
    "draft",
    "edition",
    "house",
    "ledger",
    "live",
    "matter",
    "people",
    "questionnaire",
    "recommendation",
    "topic",
    "voice",
]
