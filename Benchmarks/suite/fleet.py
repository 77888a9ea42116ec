"""What a fleet costs one relay: the same storms with and without one, how long a claim makes a mail wait, and what an engine
that hangs adds."""
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from contestants import Ours, running, until
from load import Load
from throughput import Case, Figures, Round

from peers.engine import Engine
from peers.mails import error_report
from peers.sink import Sink

STORMS = [Case("report-15k", 100, 6000), Case("report-15k", 100, 12000, reuse=True),
          Case("report-kinds", 100, 4000, kinds=1000)]
# Every mail is another error, so each asks.
SINGLE = 200
# Every new error leaves, so that there is something to ask.
WINDOW = {"storm-cap": "0"}
PATIENCE = 0.05


class InFleet(Ours):
    """MailDedup in a fleet with an engine of its own on this machine."""

    name = "maildedup in a fleet"

    def __init__(self, folder: Path, next_hop: int, engine: Engine):
        super().__init__(folder, next_hop, fleet={"engine": f"unix://{engine.folder}/redis.sock?db=0", "relay": "web1"},
                         window=WINDOW)

    def start(self) -> "InFleet":
        """Listens, and has reached its engine."""
        super().start()
        until(lambda: "fleet-engine " in self.relay.output(), "the relay reaches the engine")
        return self


def measure(load: Load, folder: Path, rounds: int, say: Callable[[str], None]) -> Figures:
    """All of it."""
    figures: Figures = {}
    engine = Engine(folder / "engine")
    with running([engine, Sink(), Sink()]) as [_, one, other]:
        with running([Ours(folder, one.port, window=WINDOW), InFleet(folder, other.port, engine)]) as servers:
            sinks = {servers[0].name: one, servers[1].name: other}
            measuring = Round(load, figures)
            for turn in range(rounds):
                order = servers if turn % 2 == 0 else servers[::-1]
                for case in STORMS:
                    say(f"fleet {turn + 1}/{rounds}: {case.name}")
                    measuring.measure("fleet, storm", case, order)
                    for server in servers:
                        server.relay.wait_drained(120)
                say(f"fleet {turn + 1}/{rounds}: single mails")
                _single(order, sinks, turn, figures)
            say("fleet: an engine that hangs")
            _hanging(servers[1], other, engine, figures)
    return figures


def _wait(server: Ours, sink: Sink, number: int, prefix: str) -> float:
    """Milliseconds from the acknowledgement of a mail to its arrival at the next hop."""
    before = len(sink.arrivals)
    # Another function is another error.
    name = "".join("abcdefghij"[int(digit)] for digit in str(number))
    server.relay.send(error_report(0).replace(b"step_aa", f"{prefix}_{name}".encode()))
    acknowledged = time.monotonic()
    until(lambda: len(sink.arrivals) > before, "the mail arrives", 30)
    return 1000 * max(0.0, sink.arrivals[-1].at - acknowledged)


def _single(servers: list, sinks: dict, turn: int, figures: Figures) -> None:
    waits: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(SINGLE):
        for server in servers:
            waits[server.name].append(_wait(server, sinks[server.name], number, f"turn{'abcdefghij'[turn]}"))
    for name, values in waits.items():
        values.sort()
        for what, value in (("p50", statistics.median(values)), ("p99", values[int(0.99 * len(values))])):
            figures.setdefault(f"fleet, from 250 to the next hop: {what} ms", {}).setdefault(name, []).append(value)


def _hanging(server: InFleet, sink: Sink, engine: Engine, figures: Figures) -> None:
    """Mails one after the other while the engine is stopped; those that waited for half of the patience or longer."""
    with _stopped(engine):
        begun = time.monotonic()
        waits = [_wait(server, sink, number, "hanging") for number in range(SINGLE)]
        seconds = time.monotonic() - begun
    for what, value in (("median ms", statistics.median(waits)), ("max ms", max(waits)),
                        ("mails", SINGLE), ("seconds", seconds),
                        ("mails that waited", sum(wait > 1000 * PATIENCE / 2 for wait in waits))):
        figures[f"fleet, the engine hangs: {what}"] = {server.name: [value]}


@contextmanager
def _stopped(engine: Engine):
    engine.pause()
    try:
        yield
    finally:
        engine.resume()
