"""`xieshang tickets SITTING --count N`: tickets marked as test traffic, one a line, good for a minute."""

import argparse
import secrets
import sys
from contextlib import closing

from engine import clock, settings, wire
from engine.database import Database
from engine.queries import sittings
from engine.wire import Bearer

MOST = 200_000


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("xieshang tickets", description=__doc__)
    parser.add_argument("sitting", type=int)
    parser.add_argument("--count", type=int, default=1, help=f"how many, at most {MOST}")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.count <= MOST:
        parser.error(f"--count must be between 1 and {MOST}")
    config = settings.load()
    with closing(Database(config.database_url)) as database, database.reading() as db:
        sittings.sitting(db, arguments.sitting)
    for _ in range(arguments.count):
        print(new_test_ticket(arguments.sitting, config.secret))
    return 0


def new_test_ticket(sitting: int, secret: bytes) -> str:
    """Each for a viewer of its own."""
    viewer = wire.viewer_key(sitting, secrets.token_urlsafe(12), "browser", secret=secret)
    bearer = Bearer(sitting, viewer, secrets.token_urlsafe(12), "test")
    return wire.new_ticket(bearer, secret=secret, now=clock.now())


if __name__ == "__main__":
    sys.exit(main())
