"""What was sent, what was acknowledged, what arrived and what was counted; and whether all of that adds up."""
import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field

from .quicksink import QuickSink, Taken
from .relay import Relay
from .waiting import pause

# The relay keeps at most this many connections to its smarthost: more cannot be in flight when it is killed.
CONNECTIONS = 20
# Mails that a crash may send once more: those that are being tried, and as many of which it is being recorded.
IN_FLIGHT = 2 * CONNECTIONS

ERRORS = ["storm", "leak", "quote", "stock", "basket"]

_report = """\
From: django@shop.example
To: admins@shop.example
Subject: [Shop] ERROR: Internal Server Error: /{error}/{token}/
Message-ID: <{token}@shop.example>

Internal Server Error: /{error}/{token}/

ZeroDivisionError at /{error}/{token}/
division by zero

Request Method: GET
Request URL: http://shop.example/{error}/{token}/
Django Version: 5.2.19
Python Executable: /srv/shop/venv/bin/python
Python Version: 3.11.2
Python Path: ['/srv/shop']
Server time: Sun, 22 Nov 2026 10:00:00 +0000

Traceback (most recent call last):
  File "/srv/shop/venv/lib/python3.11/site-packages/django/core/handlers/exception.py", line 55, in inner
    response = get_response(request)
  File "/srv/shop/{error}/views.py", line 12, in show
    return price / pieces
ZeroDivisionError: division by zero

Exception Type: ZeroDivisionError at /{error}/{token}/
Exception Value: division by zero
Raised during: {error}.views.show
"""
_letter = """\
From: shop@shop.example
To: {recipients}
Subject: letter {token}
Message-ID: <{token}@shop.example>

Dear customer, this is {token}.
"""


@dataclass
class Mail:
    """One mail with a token of its own; `error` is empty for mail that is no error report."""

    token: str
    recipients: list[str]
    text: str
    error: str = ""
    padding: int = 0

    @property
    def data(self) -> bytes:
        """The octets between 354 and the last dot."""
        return self.text.replace("\n", "\r\n").encode() + b"%070d\r\n" % 0 * (self.padding // 72)


def report(token: str, error: str) -> Mail:
    """A report of Django; those of the same error have one fingerprint."""
    return Mail(token, ["admins@shop.example"], _report.format(token=token, error=error), error)


def letter(token: str, *recipients: str, padding: int = 0) -> Mail:
    """A mail to customers."""
    recipients = list(recipients) or ["anna@customer.example"]
    return Mail(token, recipients, _letter.format(token=token, recipients=", ".join(recipients)), padding=padding)


def pair(token: str) -> Mail:
    """A mail to two, of whom a hesitant sink takes the second one later."""
    return letter(token, "anna@customer.example", f"later-{token}@customer.example")


def mixture(name: str):
    """Half of it a storm, the rest other errors and mail to customers; without end, and always the same."""
    dice, number = random.Random(name), 0
    while True:
        number += 1
        token, kind = f"{name}-{number}", dice.random()
        if kind < 0.7:
            yield report(token, ERRORS[0] if kind < 0.5 else dice.choice(ERRORS[1:]))
        else:
            yield letter(token) if kind < 0.9 else pair(token)


class Courier:
    """One connection of a client that sends mail after mail over it."""

    def __init__(self, port: int, seconds: float = 30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.lines = self.socket.makefile("rb")
        self._reply()
        self.socket.sendall(b"EHLO site\r\n")
        self._reply()

    def announce(self, mail: Mail) -> str:
        """Everything before the message; the reply that refuses it, or 354."""
        commands = ["MAIL FROM:<django@shop.example>", *(f"RCPT TO:<{name}>" for name in mail.recipients), "DATA"]
        self.socket.sendall("".join(command + "\r\n" for command in commands).encode())
        replies = [self._reply() for _ in commands]
        return next((reply for reply in replies if reply[0] not in "23"), replies[-1])

    def hand_over(self, mail: Mail) -> str:
        """The message; the reply to it."""
        self.socket.sendall(mail.data + b".\r\n")
        return self._reply()

    def close(self) -> None:
        """Hangs up."""
        self.lines.close()
        self.socket.close()

    def _reply(self) -> str:
        while (line := self.lines.readline()).endswith(b"\n"):
            if line[3:4] != b"-":
                return line.decode().strip()
        raise ConnectionError("the relay hung up")


def of_clients(sink: QuickSink) -> list[Taken]:
    """What arrived, but for what the relay wrote itself: it tells its admin of a full disk."""
    return [taken for taken in list(sink.taken) if b"\r\nSubject: [MailDedup] " not in taken.raw[:4096]]



@dataclass
class Ledger:
    """All mails of a test. `replies` has what each was answered; one whose answer never came is there with nothing."""

    port: int
    mails: dict[str, Mail] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)

    def send(self, mails) -> None:
        """Sends over one connection, and over another one when that breaks. No mail is sent twice."""
        courier = None
        for mail in mails:
            try:
                courier = courier or Courier(self.port)
                refusal = courier.announce(mail)
                self.mails[mail.token] = mail
                if refusal.startswith("354"):
                    self.replies[mail.token] = ""
                    refusal = courier.hand_over(mail)
                self.replies[mail.token] = refusal
            except OSError:
                if courier:
                    courier.close()
                courier = None
                pause(0.02)
        if courier:
            courier.close()

    def answered(self, start: str) -> list[Mail]:
        """The mails whose reply begins like this: with 250, with 4, or with nothing at all."""
        return [self.mails[token] for token, reply in self.replies.copy().items()
                if (reply.startswith(start) if start else not reply)]

    def stored(self) -> list[Mail]:
        """The acknowledged mails but for those that went past the store straight to the smarthost."""
        return [mail for mail in self.answered("250") if " sent on as " not in self.replies[mail.token]]

    def sent_on(self) -> list[Mail]:
        """Those that did go past it."""
        return [mail for mail in self.answered("250") if " sent on as " in self.replies[mail.token]]

    def check(self, relay: Relay, sink: QuickSink, twice: int = 0) -> None:
        """Nothing acknowledged is lost, every count is right, and in each life no more than `twice` came once more.

        As many may be counted although they were sent on: a disk that fails at the commit, at what should undo it and at
        the spool leaves a mail in the store that could not be known to be there."""
        assert self.answered("5") == [], "refused for good"
        arrived: dict[str, list[Taken]] = {}
        for taken in of_clients(sink):
            arrived.setdefault(taken.token, []).append(taken)
        self.check_unchanged(sink)
        self._check_letters(relay, arrived, twice)
        self._check_errors(relay, arrived, twice)
        repeated = superfluous(arrived)
        assert max(repeated.values(), default=0) <= twice, f"came twice, in each life: {repeated}"

    def check_unchanged(self, sink: QuickSink) -> None:
        """Whatever arrived was sent, and is what was sent."""
        for taken in of_clients(sink):
            assert taken.token in self.mails, "mail that nobody sent"
            mail = self.mails[taken.token]
            # Of a report the Subject may have been extended.
            sent = mail.data.split(b"\r\n\r\n", 1)[1] if mail.error else mail.data
            assert taken.raw.endswith(b"\r\n" + sent + b".\r\n"), f"changed on the way: {taken}"

    def _check_letters(self, relay: Relay, arrived: dict[str, list[Taken]], twice: int) -> None:
        reached = {token: {name for taken in copies for name in taken.recipients}
                   for token, copies in arrived.items() if not self.mails[token].error}
        lost = {mail.token: self.replies[mail.token] for mail in self.answered("250")
                if not mail.error and reached.get(mail.token, set()) != set(mail.recipients)}
        assert lost == {}, "acknowledged, but not delivered to everybody"
        stored = {mail.token for mail in self.stored() if not mail.error}
        unanswered = {mail.token for mail in self.answered("") if mail.token in reached}
        # Letters that were sent on are counted in memory, which a crash loses.
        sent_on = sum(not mail.error for mail in self.sent_on())
        assert 0 <= relay.totals()["passed"] - len(stored | unanswered) <= sent_on + min(twice, sent_on)

    def _check_errors(self, relay: Relay, arrived: dict[str, list[Taken]], twice: int) -> None:
        stored = Counter(mail.error for mail in self.stored() if mail.error)
        unanswered = Counter(mail.error for mail in self.answered("") if mail.error)
        sent_on = Counter(mail.error for mail in self.sent_on() if mail.error)
        rows = {row["place"].split("/")[0]: row for row in relay.errors()}
        assert set(stored) <= set(rows), f"acknowledged, but not counted: {stored}, {rows}"
        excess = Counter({error: row["total"] for error, row in rows.items()}) - stored - unanswered
        assert excess <= sent_on and excess.total() <= twice, f"{rows}, stored: {stored}"
        for error, row in rows.items():
            told = {taken.token: taken for copies in arrived.values() for taken in copies
                    if self.mails[taken.token].error == error and taken.count}
            assert stored[error] <= row["total"], f"{row}, stored: {stored}"
            uncounted = {taken.token for copies in arrived.values() for taken in copies
                         if self.mails[taken.token].error == error and taken.is_uncounted}
            assert row["total"] == len(told) + len(uncounted) + row["suppressed"], row
            check_chain(told.values(), row, len(uncounted))
        totals = relay.totals()
        assert totals["forwarded"] + totals["suppressed"] == sum(row["total"] for row in rows.values())


def check_chain(told, row: dict, uncounted: int) -> None:
    """Each mail of an error goes on counting where the one before it stopped, and the list where the last one did; but
    for mails that went past a full disk, and could not know where."""
    total = skipped = 0
    for taken in sorted(told, key=lambda taken: taken.total):
        skipped += taken.total - (total + taken.held_back + 1)
        assert 0 <= skipped <= uncounted, f"{taken} after {total}: {row}"
        total = taken.total
    rest = row["total"] - (total + row["held_back"])
    assert 0 <= rest <= uncounted - skipped, row


def superfluous(arrived: dict[str, list[Taken]]) -> Counter:
    """For each life how many mails it delivered that were delivered once more later on."""
    repeated = Counter()
    for copies in arrived.values():
        of_mail = Counter()
        for name in {name for taken in copies for name in taken.recipients}:
            # The recipients of a mail that comes again come together.
            of_mail |= Counter([taken.life for taken in copies if name in taken.recipients][:-1])
        repeated += of_mail
    return repeated


class Couriers:
    """Threads that send until it is enough."""

    def __init__(self, ledger: Ledger, streams):
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=ledger.send, args=(self._until_enough(stream),)) for stream in streams]

    def __enter__(self) -> "Couriers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join(60)

    def _until_enough(self, stream):
        for mail in stream:
            if self.enough.is_set():
                return
            yield mail
