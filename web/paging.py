"""Which page of a list is asked for, and how long it is."""

import re

from flask import request

SIZES = (20, 50, 100)


def asked_page(usual: int = 50) -> tuple[int, int]:
    """(number from 1, rows a page). What makes no sense falls back to the first page of the usual length."""
    number, size = (request.args.get(name, "") for name in ("page", "size"))
    return (
        int(number) if re.fullmatch("[1-9][0-9]{0,4}", number) else 1,
        int(size) if size in [str(known) for known in SIZES] else usual,
    )
