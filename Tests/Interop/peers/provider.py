"""A mail provider with habits: what it answers is a script, and it remembers who asked for what, and when."""
import inspect
import re
import time
from dataclasses import dataclass, field

from .threaded import ThreadedServer

_address = re.compile(rb"<([^>]*)>")
_token = re.compile(rb"(?mi)^Message-ID: <([^@>]+)@")

# The connection closes without a word.
DROP = "drop"


@dataclass
class Taken:
    """One transaction that ended in 250."""

    token: str
    recipients: list[str]
    at: float
    connection: int
    raw: bytes = field(repr=False, default=b"")


@dataclass
class Talk:
    """One connection."""

    number: int
    began: float
    # Transactions that ended in 250 on it.
    mails: int = 0
    # Recipients accepted in the transaction that is open.
    recipients: list[str] = field(default_factory=list)
    # Commands of each kind.
    asked: dict[str, int] = field(default_factory=dict)


class Habit:
    """A friendly provider. Each method returns what to answer instead: a reply, DROP, or None for the friendly one.

    They may be coroutines. A reply with 421 closes the connection.
    """

    extensions = ("PIPELINING", "8BITMIME", "SIZE 20000000")

    def __init__(self, provider: "Provider"):
        self.provider = provider

    def greeting(self, talk: Talk):
        """A connection was made."""

    def mail(self, talk: Talk, address: str):
        """MAIL."""

    def rcpt(self, talk: Talk, address: str):
        """RCPT."""

    def data(self, talk: Talk):
        """DATA."""

    def message(self, talk: Talk, raw: bytes):
        """Behind the final dot."""


class Provider(ThreadedServer):
    """The provider itself."""

    def __init__(self, habit: type[Habit] = Habit, **settings):
        super().__init__()
        self.habit = habit(self)
        for name, value in settings.items():
            assert hasattr(self.habit, name), name
            setattr(self.habit, name, value)
        self.taken: list[Taken] = []
        # When a recipient was named, and when a connection was made.
        self.asked: list[tuple[float, str]] = []
        self.connections: list[float] = []
        self.open: set[int] = set()

    def arrivals(self) -> dict[tuple[str, str], float]:
        """When each recipient got each mail first."""
        seen: dict[tuple[str, str], float] = {}
        for taken in list(self.taken):
            for recipient in taken.recipients:
                seen.setdefault((taken.token, recipient), taken.at)
        return seen

    def tries(self, recipient: str) -> int:
        """How often a recipient was named."""
        return sum(1 for _, address in list(self.asked) if address == recipient)

    async def converse(self, reader, writer) -> None:
        """One connection, to its end."""
        self.connections.append(time.monotonic())
        talk = Talk(len(self.connections), time.monotonic())
        self.open.add(talk.number)
        try:
            await self._converse(talk, reader, writer)
        finally:
            self.open.discard(talk.number)

    async def _converse(self, talk: Talk, reader, writer) -> None:
        async def say(friendly: str, answer) -> str | None:
            """Says it; None when that was the last word."""
            if inspect.isawaitable(answer):
                answer = await answer
            if answer == DROP:
                return None
            writer.write((answer or friendly).replace("\n", "\r\n").encode() + b"\r\n")
            await writer.drain()
            return None if answer and answer.startswith("421") else answer or friendly

        if await say("220 provider.example ESMTP", self.habit.greeting(talk)) is None:
            return
        while line := await reader.readline():
            verb = line[:4].upper().strip().decode()
            talk.asked[verb] = talk.asked.get(verb, 0) + 1
            address = match.group(1).decode() if (match := _address.search(line)) else ""
            if verb == "DATA":
                if not await self._data(talk, reader, say):
                    return
                continue
            answer, friendly = None, "250 2.0.0 ok"
            if verb == "EHLO":
                friendly = "\n".join(f"250-{word}" for word in ("provider.example", *self.habit.extensions))
                friendly = friendly[:friendly.rindex("250-")] + "250 " + friendly[friendly.rindex("250-") + 4:]
            elif verb == "MAIL":
                talk.recipients = []
                answer = self.habit.mail(talk, address)
            elif verb == "RCPT":
                self.asked.append((time.monotonic(), address))
                answer = self.habit.rcpt(talk, address)
            elif verb == "QUIT":
                await say("221 2.0.0 bye", None)
                return
            said = await say(friendly, answer)
            if said is None:
                return
            if verb == "RCPT" and said.startswith("250"):
                talk.recipients.append(address)

    async def _data(self, talk: Talk, reader, say) -> bool:
        answer = self.habit.data(talk) if talk.recipients else "554 5.5.1 nobody to send it to"
        said = await say("354 go on", answer)
        if said is None or not said.startswith("354"):
            return said is not None
        raw = await reader.readuntil(b"\r\n.\r\n")
        said = await say("250 2.0.0 taken", self.habit.message(talk, raw))
        if said is not None and said.startswith("250"):
            match = _token.search(raw[:8192])
            self.taken.append(Taken(
                match.group(1).decode() if match else "", talk.recipients, time.monotonic(), talk.number, raw))
            talk.mails += 1
        talk.recipients = []
        return said is not None
