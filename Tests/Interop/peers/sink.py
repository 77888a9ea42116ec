"""A real SMTP server as the relay's smarthost: keeps every mail as the bytes that came."""
import email
import email.policy
import threading
import time
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from .waiting import free_port, until

TRACE_HEADERS = (b"received:", b"x-maildedup-")
# What puts an error mail into its thread stands below what says which error it is.
THREAD_HEADERS = (b"in-reply-to:", b"references:")


@dataclass
class Arrival:
    """One mail as it arrived, after the dots were unstuffed."""

    sender: str
    recipients: list[str]
    raw: bytes
    at: float = field(default_factory=time.monotonic)
    message: email.message.EmailMessage = field(init=False)

    def __post_init__(self):
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def subject(self) -> str:
        """The decoded Subject on one line."""
        return " ".join(str(self.message["Subject"] or "").split())

    @property
    def body(self) -> bytes:
        """Everything below the empty line, untouched."""
        return self.raw.split(b"\r\n\r\n", 1)[1]

    @property
    def text(self) -> str:
        """The plain text part, decoded."""
        part = self.message.get_body(("plain",))
        return part.get_content() if part else ""

    @property
    def below_trace(self) -> bytes:
        """The mail without the trace header fields on top of it."""
        rest = self.raw
        trace = TRACE_HEADERS
        while rest.lower().startswith(trace):
            if rest.lower().startswith(b"x-maildedup-fingerprint"):
                trace = TRACE_HEADERS + THREAD_HEADERS
            end = rest.index(b"\r\n") + 2
            while rest[end:end + 1] in (b" ", b"\t"):
                end = rest.index(b"\r\n", end) + 2
            rest = rest[end:]
        return rest

    def count_headers(self) -> dict[str, str]:
        """What the relay says of its count: `Fingerprint`, `Count`, `Held-Back`, `Since`, `Reason`, `Site`."""
        prefix = "x-maildedup-"
        return {name[len(prefix):].title(): str(value)
                for name, value in self.message.items() if name.lower().startswith(prefix)}


class _PatientSMTP(SMTP):
    # Mail with very long lines is part of what has to pass.
    line_length_limit = 2**24


class _LoopbackController(Controller):
    def factory(self):
        return _PatientSMTP(self.handler, **self.SMTP_kwargs)


class Sink:
    """The smarthost. `answer` replaces the reply to DATA."""

    def __init__(self):
        self.port = free_port()
        self.arrivals: list[Arrival] = []
        self.answer: str | None = None
        self._lock = threading.Lock()
        self._controller = None

    def start(self) -> "Sink":
        """Listens, on the same port after each stop."""
        self._controller = _LoopbackController(
            self, hostname="127.0.0.1", port=self.port, data_size_limit=2**26, decode_data=False,
            enable_SMTPUTF8=True, ident="sink", timeout=60)
        # The thread of the controller serves all connections; it ends with stop().
        self._controller.start()
        return self

    def stop(self) -> None:
        """Refuses connections from now on."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server, session, envelope):
        """Called by aiosmtpd for each mail."""
        if self.answer:
            return self.answer
        with self._lock:
            self.arrivals.append(Arrival(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 2.0.0 taken"

    def matching(self, look) -> list[Arrival]:
        """The mails for which `look` is true."""
        with self._lock:
            return [arrival for arrival in self.arrivals if look(arrival)]

    def wait_for(self, look, what: str, count: int = 1, seconds: float = 20.0) -> list[Arrival]:
        """Waits until at least `count` mails match."""
        until(lambda: len(self.matching(look)) >= count, f"{count} at the sink: {what}", seconds)
        return self.matching(look)
