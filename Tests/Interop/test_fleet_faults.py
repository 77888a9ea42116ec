"""Schedules of faults over three relays and an engine, each from a seed, and a ledger over all of them.

`FLEET_SEEDS` says how many schedules there are; `make test-fleet` runs 200."""
import os
import random
import signal
import smtplib
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from conftest import Workshop
from peers.engine import Engine
from peers.mails import error_report
from peers.relay import Relay
from peers.waiting import pause, until
from test_fleet import Fleet

pytestmark = [
    pytest.mark.skipif(not Engine.is_there(), reason="redis-server is not installed"), pytest.mark.timeout(400)]

SEEDS = int(os.environ.get("FLEET_SEEDS", "10"))
FIRST = int(os.environ.get("FLEET_FIRST", "1"))
WINDOW = 8.0
LEASE = 15.0
# One claim at its longest and a lease, and what a loaded machine takes on top.
LONGEST_WAIT = 75.0 + 20.0
ERRORS = 3


@dataclass
class Schedule:
    """Mails and faults at random, and what is known of both."""

    fleet: Fleet
    random: random.Random
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    # Mails whose acknowledgement was lost: they may have been counted.
    unknown: int = 0
    # What F4 allows for the faults so far.
    excuses: int = 0
    faults: Counter = field(default_factory=Counter)
    undo: list[tuple[float, object]] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    is_engine_busy: bool = False

    def run(self, seconds: float) -> None:
        """Mails and faults for so long, then all is well again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._undo(time.monotonic())
            if self.random.random() < 0.8:
                self._send()
            else:
                self.random.choice([
                    self._kill_relay, self._stop_relay, self._cut_one, self._cut_all, self._stop_engine,
                    self._kill_engine, self._flush, self._defer])()
            pause(self.random.uniform(0.02, 0.3))
        self._undo(float("inf"))

    def _undo(self, now: float) -> None:
        due = [entry for entry in self.undo if entry[0] <= now]
        self.undo = [entry for entry in self.undo if entry[0] > now]
        for _, action in due:
            action()

    def _later(self, action) -> None:
        self.undo.append((time.monotonic() + self.random.uniform(0.3, 4.0), action))

    def _free(self) -> list[int]:
        return [number for number in range(len(self.fleet.relays)) if number not in self.busy]

    def _take(self) -> tuple[int, Relay] | None:
        free = self._free()
        if len(free) < 2:
            return None
        number = self.random.choice(free)
        self.busy.add(number)
        return number, self.fleet.relays[number]

    def _send(self) -> None:
        free = self._free()
        error = self.random.randrange(ERRORS)
        try:
            self.fleet.relays[self.random.choice(free)].send(error_report(error))
            self.acknowledged.append((error, time.monotonic()))
        except (OSError, smtplib.SMTPException):
            self.unknown += 1

    def _fault(self, name: str, excuses: int) -> None:
        self.faults[name] += 1
        self.excuses += excuses

    def _kill_relay(self) -> None:
        if taken := self._take():
            self._fault("relay killed", 2)
            taken[1].kill()

            def undo():
                taken[1].start()
                self.busy.discard(taken[0])

            self._later(undo)

    def _stop_relay(self) -> None:
        if taken := self._take():
            self._fault("relay stopped", 2)
            taken[1].process.send_signal(signal.SIGSTOP)

            def undo():
                taken[1].process.send_signal(signal.SIGCONT)
                self.busy.discard(taken[0])

            self._later(undo)

    def _cut_one(self) -> None:
        self._fault("one cut off", 1)
        wire = self.random.choice(self.fleet.wires)
        wire.cut()
        self._later(wire.heal)

    def _cut_all(self) -> None:
        self._fault("all cut off", len(self.fleet.wires))
        for wire in self.fleet.wires:
            wire.cut()
            self._later(wire.heal)

    def _stop_engine(self) -> None:
        if self.is_engine_busy:
            return
        self.is_engine_busy = True
        self._fault("engine stopped", len(self.fleet.relays))
        self.fleet.engine.pause()

        def undo():
            self.fleet.engine.resume()
            self.is_engine_busy = False

        self._later(undo)

    def _kill_engine(self) -> None:
        if self.is_engine_busy:
            return
        self.is_engine_busy = True
        self._fault("engine killed", len(self.fleet.relays) + 1)
        self.fleet.engine.kill()

        def undo():
            self.fleet.engine.start()
            self.is_engine_busy = False

        self._later(undo)

    def _flush(self) -> None:
        if not self.is_engine_busy:
            self._fault("flush", 2)
            self.fleet.engine.ask("FLUSHALL")

    def _defer(self) -> None:
        if self.fleet.sink.answer:
            return
        self._fault("next hop defers", 0)
        self.fleet.sink.answer = "451 4.3.0 later"

        def undo():
            self.fleet.sink.answer = None

        self._later(undo)


def mails_too_many(times: list[float]) -> int:
    """The mails of one error that came within the window of another."""
    extra, opened = 0, float("-inf")
    for at in sorted(times):
        if at - opened < WINDOW - 1:
            extra += 1
        else:
            opened = at
    return extra


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_nothing_is_hidden_whatever_happens(workshop: Workshop, seed: int):
    """Each mail is covered by one that a next hop took, counts add up, and mails too many have an excuse."""
    fleet = Fleet(workshop, window=f"{WINDOW:g}s", patience="300ms")
    schedule = Schedule(fleet, random.Random(seed))
    schedule.run(15)
    fleet.drain()
    what = f"seed {seed}, {dict(schedule.faults)}"
    sent = {error: [at for at in (arrival.at for arrival in fleet.sink.matching(lambda arrival, error=error:
                    arrival.message["Message-ID"] == f"<{error}@shop.example>"))] for error in range(ERRORS)}
    for error, at in schedule.acknowledged:
        covering = [mail for mail in sent[error] if at - WINDOW - LEASE <= mail <= at + LONGEST_WAIT]
        assert covering, f"{what}: error {error} of {at} is hidden; mails: {sent[error]}"
    extra = [mails_too_many(times) for times in sent.values()]
    assert max(extra) <= schedule.excuses, f"{what}: {extra} mails too many"
    totals = fleet.totals()
    assert totals["forwarded"] + totals["suppressed"] == totals["accepted"], what
    least = len(schedule.acknowledged)
    assert least <= totals["accepted"] <= least + schedule.unknown, what
    until(lambda: sum(fleet.counted().values()) == totals["accepted"],
          f"{what}: the engine counts {totals['accepted']}", 60)
    print(f"{what}: {least} acknowledged, {sum(map(len, sent.values()))} sent, {sum(extra)} too many of "
          f"{schedule.excuses} excuses for each error")
