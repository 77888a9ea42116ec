"""A smarthost without the patience of a real one: takes thousands of mails and remembers who got which, and when."""
import asyncio
import re
import threading
from dataclasses import dataclass, field

from .threaded import ThreadedServer
from .waiting import until

_token = re.compile(rb"(?mi)^Message-ID: <([^@>]+)@")
_address = re.compile(rb"<([^>]*)>")
_field = re.compile(rb"(?m)^X-MailDedup-(Count|Held-Back): (\d+)\r$")
_history = re.compile(rb"(?m)^X-MailDedup-History:[^:]*?(\d+)\s+in\s+all\s+since")


@dataclass
class Taken:
    """One mail that was answered with 250; `life` is what the test called the time when its connection was opened."""

    token: str
    recipients: list[str]
    life: int
    # What the relay says of the count of an error, in its episode and in all; None on all other mail.
    count: int | None
    total: int | None
    held_back: int | None
    raw: bytes = field(repr=False)

    @property
    def is_uncounted(self) -> bool:
        """Whether it went past a store whose disk was full, which alone knows the count of its error."""
        return self.count is None and b"\r\nX-MailDedup-Fingerprint: " in self.raw[:4096]


class QuickSink(ThreadedServer):
    """Listens on the same port after each stop. With `hesitant`, each recipient later-…@… is told 451 once.

    Between `hold` and `release` no message is answered.
    """

    def __init__(self, hesitant: bool = False):
        super().__init__()
        self.hesitant = hesitant
        # Each message is told 451.
        self.refuses = False
        self.life = 0
        self.taken: list[Taken] = []
        self._hesitated: set[str] = set()
        self._answering = threading.Event()
        self._answering.set()

    def hold(self) -> None:
        """Lets whoever sends a message wait for its answer."""
        self._answering.clear()

    def release(self) -> None:
        """Answers all that wait, and from now on at once."""
        self._answering.set()

    def tokens(self) -> set[str]:
        """What has arrived."""
        return {taken.token for taken in list(self.taken)}

    def wait_for(self, tokens: set[str], seconds: float = 30.0) -> None:
        """Waits until each of these mails has arrived."""
        until(lambda: not tokens - self.tokens(), f"{len(tokens)} mails at the sink", seconds)

    async def converse(self, reader, writer) -> None:
        life, recipients = self.life, []
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            command = line[:4].upper()
            if command == b"MAIL":
                recipients = []
                answer = b"250 go on\r\n"
            elif command == b"RCPT":
                answer = self._recipient(line, recipients)
            elif command == b"DATA" and recipients:
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                while not self._answering.is_set():
                    await asyncio.sleep(0.01)
                if self.refuses:
                    answer = b"451 4.2.0 not now\r\n"
                else:
                    self.taken.append(_read(raw, recipients, life))
                    answer = b"250 taken\r\n"
            else:
                answer = {b"DATA": b"554 nobody\r\n", b"QUIT": b"221 bye\r\n",
                          b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}.get(command, b"250 well\r\n")
            writer.write(answer)

    def _recipient(self, line: bytes, recipients: list[str]) -> bytes:
        address = _address.search(line).group(1).decode()
        if self.hesitant and address.startswith("later-") and address not in self._hesitated:
            self._hesitated.add(address)
            return b"451 4.2.0 not now\r\n"
        recipients.append(address)
        return b"250 go on\r\n"


def _read(raw: bytes, recipients: list[str], life: int) -> Taken:
    head = raw[:8192].split(b"\r\n\r\n", 1)[0] + b"\r\n"
    token = _token.search(head)
    fields = {name: int(number) for name, number in _field.findall(head)}
    history = _history.search(head)
    return Taken(token.group(1).decode() if token else "", recipients, life, fields.get(b"Count"),
                 int(history.group(1)) if history else fields.get(b"Count"),
                 fields.get(b"Held-Back"), raw)
