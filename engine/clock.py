"""The one place that asks what time it is. Stored times are UTC; days are the city's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """The same moment as the city's clocks show it."""
    return moment.astimezone(CITY)


def day(moment: datetime) -> date:
    """The city's calendar day of a moment: where deadlines and statistics have their edge."""
    return local(moment).date()
