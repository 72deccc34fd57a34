"""One notice by e-mail: plain text in the language of the person, with a link to the matter."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from sqlalchemy import update

from engine.database import Session
from engine.models.house import House, Notice
from engine.models.ledger import Task
from engine.settings import Settings
from engine.words import Language, Words

TIMEOUT_S = 20
SUBJECT = 60
READ = Words("查看和办理：", "Read and act: ")
FOOT = Words("这是系统自动发出的通知，请勿回复。", "This notice was sent automatically; please do not reply.")


def send_mail(db: Session, task: Task, config: Settings, now: datetime) -> Callable[[Session], object]:
    """Marks the notice once the server has accepted it: a worker that dies in between has it sent again.

    What the server refuses fails the task, where people see it; the notice stands in the house all the same.
    """
    notice = db.get_one(Notice, task.given["notice"])
    if config.smtp_url and notice.person.email and notice.mailed_at is None:
        _deliver(message(notice, db.get_one(House, 1), config, now), config.smtp_url)
    mailed = update(Notice).where(Notice.id == notice.id, Notice.mailed_at.is_(None))
    return lambda db: db.execute(mailed.values(mailed_at=now)) if config.smtp_url else None


def message(notice: Notice, house: House, config: Settings, now: datetime) -> EmailMessage:
    """`Message-ID` is the notice's own, so that one that was sent twice is shown once by most readers."""
    language: Language = "en" if notice.person.language == "en" else "zh"
    words = Words(notice.zh, notice.en).say(language)
    sender = _line(Words(house.name, house.name_en).say(language))
    host = urlsplit(config.public_url).hostname or "localhost"
    user = unquote(urlsplit(config.smtp_url or "").username or "")
    where = f"/desk/matters/{notice.matter_id}" if notice.matter_id else "/desk/notices"
    mail = EmailMessage()
    mail["From"] = Address(sender, addr_spec=user if "@" in user else f"noreply@{host}")
    mail["To"] = notice.person.email
    mail["Subject"] = _line(words)[:SUBJECT]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<notice-{notice.id}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        f"{words}\n\n{READ.say(language)}{config.public_url}{where}\n\n{sender}\n{FOOT.say(language)}\n"
    )
    return mail


def _deliver(mail: EmailMessage, url: str) -> None:
    """`smtp://user:password@host:port`, encrypted where the server offers it; `smtps://` from the first byte on."""
    server = urlsplit(url)
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "", server.port or 0, socket.gethostname(), timeout=TIMEOUT_S) as smtp:
        smtp.ehlo()
        if server.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(mail)


def _line(text: str) -> str:
    return " ".join(text.split())
