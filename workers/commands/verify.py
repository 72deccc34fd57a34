"""`xieshang verify`: does everything that was sealed, signed and counted still agree?"""

import argparse
import json
import sys
from contextlib import closing

from engine import settings
from engine.database import Database
from engine.ledger import load_or_create_key
from engine.queries import ledger, questionnaires, statistics


def main(argv: list[str] | None = None) -> int:
    """0 only if everything agrees; otherwise 1, each disagreement named in a line."""
    parser = argparse.ArgumentParser("xieshang verify", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the findings as one JSON object")
    arguments = parser.parse_args(argv)
    config = settings.load()
    with closing(Database(config.database_url)) as database:
        with database.reading() as db:
            findings = list(ledger.disagreements(db, load_or_create_key(config.data / "ledger.key")))
            size = ledger.tree(db).size
        with database.reading() as db:
            findings += statistics.disagreements(db)
            findings += questionnaires.disagreements(db)
            counted = statistics.opened(db)
    if arguments.json:
        report = {
            "agrees": not findings,
            "sealed": size,
            "recounted": counted,
            "findings": [words._asdict() for words in findings],
        }
        print(json.dumps(report, ensure_ascii=False))
    else:
        for words in findings:
            print(f"{words.zh} {words.en}")
        if not findings:
            print(f"账本 {size} 条、会议 {counted} 场的数字全部相符。", end=" ")
            print(f"{size} ledger entries and the figures of {counted} sittings, all in agreement.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
