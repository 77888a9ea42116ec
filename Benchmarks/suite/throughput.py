"""Rates, latencies and costs: the same load for each server in turn, round by round."""
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contestants import Aiosmtpd, OpenSMTPD, Ours, PostfixPeer, Sink, StormFloor, running, until
from load import Load, finish
from usage import used

# metric -> server -> one value a round
Figures = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Case:
    """One kind of load."""

    mail: str
    sessions: int
    mails: int
    reuse: bool = False
    starttls: bool = False
    # How many different errors; 0: each mail is another one.
    kinds: int = 1

    @property
    def name(self) -> str:
        """As the report shows it."""
        parts = [self.mail, f"{self.sessions} sessions" if self.sessions > 1 else "1 session"]
        parts += ["reused"] * self.reuse + ["STARTTLS"] * self.starttls
        if self.mail.startswith("report") and self.kinds != 1:
            parts.append(f"{self.kinds or 'all'} different")
        return ", ".join(parts)

    def options(self) -> dict:
        """For the load."""
        return {"sessions": self.sessions, "mails": self.mails, "reuse": self.reuse, "starttls": self.starttls,
                "kinds": self.kinds or self.mails}


# Sessions -> mails.
SHORT = {1: 300, 10: 1500, 100: 1500}
# Seconds for each server, so that what it puts off while it takes mail counts as well.
LONG = {1: 1000, 10: 6000, 100: 6000}


def _matrix(mail: str) -> list[Case]:
    """Each number of sessions with a connection for each mail, which the bars are about; for less long with reused
    connections, with STARTTLS, and with both."""
    return [Case(mail, sessions, mails) for sessions, mails in LONG.items()] + [
        Case(mail, sessions, mails, reuse, starttls)
        for reuse, starttls in ((True, False), (False, True), (True, True)) for sessions, mails in SHORT.items()]


RELAYED = [*_matrix("ordinary-10k"), *_matrix("ordinary-4k")]
HELD = [Case("ordinary-10k", sessions, mails) for sessions, mails in SHORT.items()]
STORM = [Case("report-15k", 10, 4000), Case("report-15k", 100, 4000), Case("report-15k", 10, 6000, reuse=True),
         Case("report-15k", 100, 6000, reuse=True), Case("report-80k", 10, 1500), Case("report-80k", 100, 1500)]
STORM_OF_OURS = [Case("report-kinds", 100, 4000), Case("report-kinds", 100, 4000, kinds=1000),
                 Case("report-kinds", 100, 4000, kinds=0),
                 Case("report-15k", 10, 1500, starttls=True), Case("report-15k", 100, 1500, starttls=True)]


class Round:
    """Servers that run side by side, of which one works at a time."""

    def __init__(self, load: Load, figures: Figures):
        self._load, self._figures, self._sent = load, figures, 0

    def measure(self, kind: str, case: Case, servers: list, relayed: Callable[[object], int] | None = None) -> None:
        """Sends the mails of `case` to each; `relayed` counts what came out of one at its other end."""
        for server in servers:
            before, begun = used(server.pid), time.monotonic()
            arrived = relayed(server) if relayed else 0
            result = self._load.run(server.port, case.mail, first=self._sent, **case.options())
            seconds = time.monotonic() - begun
            if relayed:
                until(lambda server=server, arrived=arrived: relayed(server) >= arrived + case.mails,
                      f"what {server.name} relays", 300)
                seconds = time.monotonic() - begun
            else:
                time.sleep(0.3)
            cost = used(server.pid) - before
            name = f"{kind}: {case.name}"
            self._note(name, server, {
                "mails/s": result.rate, "p50 ms": result.p50, "p99 ms": result.p99, "max ms": result.max,
                "CPU µs/mail": 1e6 * cost.cpu / case.mails, "octets written/mail": cost.written / case.mails,
                **({"relayed/s": case.mails / seconds} if relayed else {})})
        # Later mails of a round are new to all.
        self._sent += case.mails

    def _note(self, name: str, server, values: dict[str, float]) -> None:
        for what, value in values.items():
            self._figures.setdefault(f"{name}: {what}", {}).setdefault(server.name, []).append(value)


def measure(load: Load, folder: Path, rounds: int, say: Callable[[str], None]) -> Figures:
    """All of it."""
    figures: Figures = {}
    _relays(load, folder, rounds, say, figures)
    _storms(load, folder, rounds, say, figures)
    _accepts(load, folder, rounds, say, figures)
    return figures


def _relays(load: Load, folder: Path, rounds: int, say: Callable[[str], None], figures: Figures) -> None:
    """Mail that passes through, taken and delivered to a sink of each server's own."""
    with _beside(folder, hangs=False) as (servers, sinks):
        measuring = Round(load, figures)
        for turn in range(rounds):
            for case in RELAYED:
                say(f"relay {turn + 1}/{rounds}: {case.name}")
                able = _able(servers, case)
                measuring.measure("relay", case, _turned(able, turn), lambda server: sinks[server.name].count)


def _accepts(load: Load, folder: Path, rounds: int, say: Callable[[str], None], figures: Figures) -> None:
    """The next hop hangs: whatever is taken stays in the queue."""
    with _beside(folder, hangs=True) as (servers, _):
        measuring = Round(load, figures)
        for turn in range(rounds):
            for case in HELD:
                say(f"accept {turn + 1}/{rounds}: {case.name}")
                measuring.measure("accept, next hop hangs", case, _turned(_able(servers, case, upto=10), turn))


def _storms(load: Load, folder: Path, rounds: int, say: Callable[[str], None], figures: Figures) -> None:
    """Error mail, which we judge and count and sinks throw away."""
    with running([Sink(folder)]) as [next_hop], running(
            [Ours(folder, next_hop.port), Sink(folder), StormFloor(folder, "file"), StormFloor(folder, "sqlite"),
             Aiosmtpd(folder)]) as servers:
        measuring = Round(load, figures)
        for turn in range(rounds):
            for case in STORM + STORM_OF_OURS:
                say(f"storm {turn + 1}/{rounds}: {case.name}")
                measuring.measure("storm", case, _turned(_facing(servers, case), turn))


def _facing(servers: list, case: Case) -> list:
    """Who takes part in a storm. aiosmtpd takes a few hundred mails a second at most, and is no peer that a bar is
    about."""
    if case in STORM_OF_OURS:
        return servers[:1]
    if case.reuse or case.mail == "report-80k":
        return servers[:2]
    return servers[:4] if case.sessions > 10 else servers


@contextmanager
def _beside(folder: Path, hangs: bool) -> Iterator[tuple[list, dict[str, Sink]]]:
    """The relays, and the next hop of each by its name."""
    makers = [Ours, PostfixPeer, OpenSMTPD]
    with running([Sink(folder, hangs) for _ in makers]) as sinks:
        with running([maker(folder, sink.port) for maker, sink in zip(makers, sinks)]) as servers:
            yield servers, {server.name: sink for server, sink in zip(servers, sinks)}


def _turned(servers: list, turn: int) -> list:
    """Nobody always comes first, or always behind the same one, whose work may go on for a moment."""
    first = turn % len(servers)
    return servers[first:] + servers[:first]


def _able(servers: list, case: Case, upto: int = 1) -> list:
    """OpenSMTPD relays 15 mails a second, and its queue for new connections is five long (listen(2)): of more that come
    at once the others try again after a second or later. It takes part with as many sessions as `upto`; in the other
    cases everybody would wait for it."""
    is_easy = case.sessions <= upto and case == Case("ordinary-10k", case.sessions, case.mails)
    return [server for server in servers if is_easy or server.name != OpenSMTPD.name]


def mixed(load: Load, folder: Path, rounds: int, say: Callable[[str], None]) -> Figures:
    """Mail of one site at a steady pace, without and with a storm of another site beside it."""
    figures: Figures = {}
    steady = {"sessions": 50, "mails": 0, "seconds": 6, "pace": 50}
    with running([Sink(folder)]) as [sink], running([Ours(folder, sink.port)]) as [ours]:
        for turn in range(rounds):
            for name, sessions in (("alone", 0), ("beside a storm over 10 sessions", 10),
                                   ("beside a storm over 100 sessions", 100)):
                say(f"mixed {turn + 1}/{rounds}: {name}")
                storm = _begin_storm(load, ours.port, sessions, turn)
                time.sleep(1)
                result = load.run(ours.port, "ordinary-4k", sender="shop@other.example", first=turn * 1000, **steady)
                if storm:
                    finish(storm)
                until(lambda: ours.relay.status()["queue"]["waiting"] == 0, "the queue is empty", 60)
                for what, value in (("p50 ms", result.p50), ("p99 ms", result.p99), ("max ms", result.max)):
                    figures.setdefault(f"password resets {name}: {what}", {}).setdefault(ours.name, []).append(value)
    return figures


def _begin_storm(load: Load, port: int, sessions: int, turn: int) -> subprocess.Popen | None:
    if not sessions:
        return None
    return load.begin(port, "report-15k", sessions=sessions, mails=0, seconds=8, first=turn * 1_000_000)


