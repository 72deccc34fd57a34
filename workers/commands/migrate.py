"""`xieshang migrate`: brings the database to today's tables; `serve` and `demo` do it themselves."""

import argparse
import sys

import migrations
from engine import settings
from engine.database import Database


def main(argv: list[str] | None = None) -> int:
    argparse.ArgumentParser("xieshang migrate", description=__doc__).parse_args(argv)
    migrations.upgrade(Database(settings.load().database_url).bind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
