"""What every page has around it: whose house this is, how the reader wants it, where they can go."""

from typing import Any

from flask import request, session
from flask_login import current_user

from engine import clock
from engine.queries import people
from engine.rules import ADMINISTRATORS, EDITION_ADOPTERS, EDITION_PROPOSERS, TOPIC_READERS, UNITS
from engine.words import Words
from web import auth, presenters
from web.transaction import reading

LINKS = [
    (Words("议题征集", "Topics"), "/topics"),
    (Words("建议办理", "Recommendations"), "/recommendations"),
    (Words("公开账本", "Public ledger"), "/ledger"),
    (Words("评论规则", "Comment rules"), "/rules"),
    (Words("隐私说明", "Privacy notice"), "/privacy"),
]


def frame() -> dict[str, Any]:
    """What every layout needs beside its page: see docs/look.md."""
    with reading() as db:
        house = people.house(db)
        name = Words(house.name, house.name_en) if house else Words("协商", "Xieshang")
        is_demo = bool(house and house.is_demo)
        staff = current_user.is_authenticated and not current_user.is_citizen
        unread = people.unread(db, int(current_user.id)) if staff else 0
        roles = auth.actor(db).roles if staff else frozenset()
    return {
        "look": {
            "lang": presenters.language(),
            "theme": _one_of(request.cookies.get("theme"), ("light", "dark"), "system"),
            "elder": request.cookies.get("elder") == "1",
        },
        "site": {"name": name, "short": Words("协商", "Xieshang"), "demo": is_demo, "links": LINKS},
        "nav": _desk_nav(unread, roles) if request.path.startswith("/desk") else _public_nav(),
        "person": current_user if current_user.is_authenticated else None,
        "printed_at": presenters.time_words(clock.now()),
        "acting": session.get("acting"),
    }


def _one_of(value: str | None, known: tuple[str, ...], otherwise: str) -> str:
    return value if value in known else otherwise


def _public_nav() -> list[dict[str, Any]]:
    items = [(Words("首页", "Home"), "/"), *LINKS[:3]]
    if current_user.is_authenticated and not current_user.is_citizen:
        items.append((Words("工作台", "Workbench"), "/desk/"))
    return [_nav_item(words, href) for words, href in items]


CPPCC = frozenset({"office_staff", "committee_staff", "committee_head", "leader"})
ASSIGNING = frozenset({"assigning_office", "inspection_office"})

DESK: list[tuple[Words, list[tuple[Words, str, frozenset[str]]]]] = [
    (
        Words("办理", "Work"),
        [
            (Words("待我办理", "Waiting for me"), "/desk/", auth.STAFF_ROLES),
            (Words("工作日历", "Working days"), "/desk/calendar", auth.STAFF_ROLES),
        ],
    ),
    (
        Words("议题与计划", "Topics and plan"),
        [
            (Words("议题", "Topics"), "/desk/topics", TOPIC_READERS),
            (Words("年度计划", "Annual plans"), "/desk/plans", auth.STAFF_ROLES),
        ],
    ),
    (
        Words("协商与建议", "Consultations"),
        [
            (Words("协商活动", "Consultations"), "/desk/list/consultation", CPPCC),
            (Words("会议", "Sittings"), "/desk/list/sitting", CPPCC),
            (Words("建议", "Recommendations"), "/desk/list/recommendation", CPPCC | ASSIGNING),
            (Words("承办", "Assignments"), "/desk/list/assignment", ASSIGNING | UNITS),
            (Words("书面答复", "Answers owed"), "/desk/list/question", UNITS),
        ],
    ),
    (
        Words("管理", "Administration"),
        [
            (Words("人员与岗位", "People and posts"), "/desk/people", ADMINISTRATORS),
            (Words("单位与活动组", "Units and groups"), "/desk/places", ADMINISTRATORS),
            (Words("办理流程", "Procedures"), "/desk/procedures", EDITION_PROPOSERS | EDITION_ADOPTERS),
        ],
    ),
]
"""The workbench's menu: each entry with the roles that see it."""


def _desk_nav(unread: int, roles: frozenset[str]) -> list[dict[str, Any]]:
    groups = [
        {"words": words, "items": [_nav_item(item, href) for item, href, seen_by in items if roles & seen_by]}
        for words, items in DESK
    ]
    groups[0]["items"].insert(1, {**_nav_item(Words("通知", "Notices"), "/desk/notices"), "count": unread})  # type: ignore[attr-defined]
    return [group for group in groups if group["items"]]


def _nav_item(words: Words, href: str) -> dict[str, Any]:
    here = request.path == href or (len(href) > len("/desk/") and request.path.startswith(href))
    return {"words": words, "href": href, "current": here}
