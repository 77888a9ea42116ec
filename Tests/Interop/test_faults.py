"""Whatever call of the disk fails: no acknowledged mail is lost, each is counted once, and the relay goes on."""
import os
import random
import threading
from itertools import islice
from pathlib import Path

import pytest

from conftest import Workshop
from peers import faults
from peers.faults import KINDS, FaultyDisk, Kind
from peers.ledger import CONNECTIONS, Ledger, letter, mixture
from peers.quicksink import QuickSink
from peers.relay import Relay, one_clear_line
from peers.waiting import until

# One run in so many of the full sweep, which takes half an hour: MAILDEDUP_FAULT_EVERY=1.
EVERY = int(os.environ.get("MAILDEDUP_FAULT_EVERY", "20"))
# So far apart are the faults within one storm; runs that begin at each of 1 to STRIDE meet every call.
STRIDE = 160
# A start takes fewer calls than this.
START = 160

SENDERS, EACH = 4, 50


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    """The library that makes calls fail."""
    return faults.build(tmp_path_factory.mktemp("faults"))


class Trial:
    """A relay on a disk that will fail, a sink, and the ledger of what is sent through both."""

    def __init__(self, workshop: Workshop, library: Path, spool: Path | None = None):
        self.sink = QuickSink().start()
        workshop.endings.append(self.sink.stop)
        self.disk = FaultyDisk(library, workshop.folder / "disk")
        store = {"directory": str(self.disk.folder / "store"), "spool": str(spool or self.disk.folder / "spool")}
        self.relay: Relay = workshop.relay(self.sink, overrides={"store": store}, store=self.disk.folder / "store")
        self.ledger = Ledger(self.relay.port)

    def start(self) -> None:
        """Starts the relay on the disk that fails."""
        self.relay.start(*self.disk.prefix)

    def storm(self, name: str = "") -> None:
        """200 mails over four connections; the last is one that is too large for the database."""
        streams = [[*islice(mixture(f"{name}c{n}"), EACH)] for n in range(SENDERS)]
        streams[0][-1] = letter(f"{name}large", padding=1_100_000)
        threads = [threading.Thread(target=self.ledger.send, args=(stream,)) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.relay.process.poll() is None, f"the relay ended: {self.relay.output()}"

    def add_up(self, twice: int) -> None:
        """Starts the relay on a healthy disk; everything arrives then, and all counts are right."""
        self.disk.heal()
        self.sink.life += 1
        self.relay.start()
        until(lambda: self.relay.status()["daemon"]["trouble"]["spool_waiting"] == 0, "the spool is imported")
        self.relay.wait_drained()
        self.ledger.check(self.relay, self.sink, twice)


@pytest.mark.parametrize("begin", range(1, STRIDE + 1, EVERY))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_single_faults_in_a_storm(workshop: Workshop, library: Path, kind: Kind, begin: int):
    """Single calls fail, from the first mail to the end of the relay: every mail is taken, and no harm is done."""
    trial = Trial(workshop, library)
    trial.start()
    trial.disk.fail(kind, first=trial.disk.calls + begin, every=STRIDE)
    trial.storm()
    assert trial.relay.stop() == 0
    failed, last = trial.disk.failures
    assert failed > 0
    print(f"{failed} of {trial.disk.calls} calls failed, the last was {last}")
    assert trial.ledger.answered("4") == [], "refused, for a single fault"
    trial.add_up(twice=CONNECTIONS * failed)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_faults_while_it_starts(workshop: Workshop, library: Path, kind: Kind):
    """It starts all the same, or says in one line why not; the next start finds everything that was there."""
    trial = Trial(workshop, library)
    trial.start()
    trial.storm()
    trial.relay.kill()
    for call in range(1, START + 1, EVERY):
        start_with_fault(trial, kind, call)
    trial.add_up(twice=CONNECTIONS)


def start_with_fault(trial: Trial, kind: Kind, call: int) -> None:
    """One start at which one call fails, ended by kill -9 if it works."""
    said = len(trial.relay.output())
    trial.disk.fail(kind, first=trial.disk.calls + call, last=trial.disk.calls + call)
    process = trial.relay.launch(*trial.disk.prefix)
    until(lambda: process.poll() is not None or "listening on" in trial.relay.output()[said:], "it starts or ends")
    if process.poll() is None:
        trial.relay.kill()
    else:
        assert process.returncode > 0, f"call {call}: ended by a signal: {trial.relay.output()[said:]}"
        assert str(trial.disk.folder) in one_clear_line(trial.relay.output()[said:])
    trial.sink.life += 1
