"""The transactions of a request. A page opens one, an action works in it, and it commits when the page leaves it."""

from contextlib import AbstractContextManager
from typing import cast

from flask import current_app, request

from engine.database import Database, Session


def _database() -> Database:
    return cast(Database, current_app.extensions["database"])


def transaction() -> AbstractContextManager[Session]:
    return _database().transaction()


def as_needed() -> AbstractContextManager[Session]:
    """For a page that shows its form and takes it: a transaction only where something is sent."""
    return transaction() if request.method == "POST" else reading()


def reading() -> AbstractContextManager[Session]:
    return _database().reading()
