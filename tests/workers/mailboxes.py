"""A mail server of a test: real SMTP on a real socket, in a thread. It can be told to be slow or to refuse."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """`accepted` holds what the server said yes to. `let` gates each acceptance; `refuses` are addresses."""

    url: str = ""
    accepted: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let: threading.Event = field(default_factory=threading.Event)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.let.set()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line.split(":")[0].split(" ")[0].upper()
                if word == "EHLO":
                    self.say("250-hello", "250 AUTH PLAIN")
                elif word == "AUTH":
                    box.logins.append(line.split(" ")[2])
                    self.say("235 welcome")
                elif word == "RCPT" and any(address in line for address in box.refuses):
                    self.say("550 no such mailbox")
                elif word == "DATA":
                    self.say("354 go on")
                    self.take()
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def take(self) -> None:
            lines = list(iter(self.rfile.readline, b".\r\n"))
            box.arrived.release()
            box.let.wait(30)
            self.connection.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return  # the sender has gone, and will never know
            self.connection.settimeout(None)
            self.say("250 accepted")
            box.accepted.append(
                message_from_bytes(b"".join(lines).replace(b"\r\n", b"\n"), policy=policy.default)
            )

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        box.url = f"smtp://notice%40xieshang.example:p%40ss@127.0.0.1:{server.server_address[1]}"
        yield box
        server.shutdown()
