"""Proving that a phone is one's own: what a real service must offer, and the local stand-in for demo and tests.

No real service is shipped: each city has its own. Until one is set up, visitors can read and watch.
"""

import secrets
from typing import Protocol

from flask import current_app, session

from engine.errors import Invalid, WrongState
from engine.words import Words


class PhoneVerifier(Protocol):
    """An adapter to a verification service, set as the app's extension `phone`."""

    def send(self, number: str) -> str | None:
        """Sends a code to a mainland mobile number. The stand-in returns the code, so that its page can show it."""

    def confirm(self, number: str, code: str) -> bool: ...


class StandIn:
    """Shows the code instead of sending it. Refuses to be made outside the demo and the tests."""

    def __init__(self, *, is_demo: bool) -> None:
        if not is_demo:
            raise RuntimeError("the stand-in for phone verification is for the demo and the tests only")

    def send(self, number: str) -> str | None:
        code = f"{secrets.randbelow(10**6):06}"
        session["phone_code"] = [number, code]
        return code

    def confirm(self, number: str, code: str) -> bool:
        return session.get("phone_code") == [number, code.strip()]


def verifier() -> PhoneVerifier:
    found = current_app.extensions.get("phone")
    if found is None:
        raise WrongState(
            Words(
                "本站还没有接入手机实名验证，目前只能浏览和观看。",
                "Phone verification is not connected here yet; for now you can read and watch.",
            )
        )
    return found  # type: ignore[no-any-return]


def checked_number(text: str) -> str:
    """A mainland mobile number in digits. Numbers beginning 100 are kept for invented people."""
    number = "".join(char for char in text if char not in " -")
    if not (number.isascii() and number.isdigit() and len(number) == 11 and number.startswith("1")):
        raise Invalid({"phone": Words("请填写 11 位手机号码。", "Please give an 11-digit mobile number.")})
    return number
