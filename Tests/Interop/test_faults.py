"""Whatever call of the disk fails: no acknowledged mail is lost, each is counted once, and the relay goes on."""
import os
import threading
from itertools import islice
from pathlib import Path

import pytest

from conftest import Workshop
from peers import preload
from peers.faults import GONE, KINDS, SYNCS, UNLINKS, FaultyDisk, Kind
from peers.ledger import IN_FLIGHT, Ledger, Mail, letter, mixture, report
from peers.quicksink import QuickSink
from peers.relay import Relay, one_clear_line
from peers.waiting import pause, stays, until

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
    return preload.build("faultshim", tmp_path_factory.mktemp("library"))


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

    def restart(self) -> None:
        """Starts the relay on a healthy disk."""
        self.disk.heal()
        self.sink.life += 1
        self.relay.start()

    def add_up(self, twice: int) -> None:
        """What was acknowledged arrives now at the latest, and all counts are right."""
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
    trial.restart()
    trial.add_up(twice=IN_FLIGHT * failed)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_faults_while_it_starts(workshop: Workshop, library: Path, kind: Kind):
    """It starts all the same, or says in one line why not; the next start finds everything that was there."""
    trial = Trial(workshop, library)
    trial.start()
    trial.storm()
    trial.relay.kill()
    for call in range(1, START + 1, EVERY):
        start_with_fault(trial, kind, call)
    trial.restart()
    trial.add_up(twice=IN_FLIGHT)


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


@pytest.mark.parametrize("every", [2, 7, 31])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_disk_that_fails_again_and_again(workshop: Workshop, library: Path, kind: Kind, every: int):
    """What the database does not take goes to the spool beside it or to the smarthost; nobody is refused."""
    trial = Trial(workshop, library)
    trial.start()
    trial.disk.fail(kind, first=trial.disk.calls + 1, every=every)
    trial.storm()
    trial.relay.kill()
    assert trial.ledger.answered("4") == []
    trial.restart()
    trial.add_up(twice=IN_FLIGHT)


@pytest.mark.parametrize("begin", range(401, 1601, 60 * EVERY))
@pytest.mark.parametrize(("kind", "is_killed"), [(KINDS[0], True), (KINDS[1], True), (KINDS[1], False), (SYNCS, False)],
                         ids=["EIO-killed", "ENOSPC-killed", "ENOSPC-healed", "syncs-healed"])
def test_a_disk_that_stays_broken(workshop: Workshop, library: Path, kind: Kind, is_killed: bool, begin: int):
    """From some call on nothing works: mail goes to the spool on another disk, and is imported when it works again."""
    trial = Trial(workshop, library, spool=workshop.folder / "other-disk")
    trial.start()
    trial.disk.fail(kind, first=trial.disk.calls + begin)
    trial.storm()
    assert trial.ledger.answered("4") == []
    assert trial.relay.status()["daemon"]["trouble"]["spooled"] > 0
    if is_killed:
        trial.relay.kill()
        trial.restart()
    trial.disk.heal()
    trial.ledger.send([letter("after")])
    assert "queued as" in trial.ledger.replies["after"]
    trial.add_up(twice=IN_FLIGHT)
    assert trial.relay.stop() == 0


@pytest.mark.parametrize("kind", [*KINDS[:2], SYNCS], ids=lambda kind: kind.name)
def test_no_disk_at_all(workshop: Workshop, library: Path, kind: Kind):
    """Neither database nor spool: mail goes straight to the smarthost. With that gone too it is refused for now."""
    trial = Trial(workshop, library)
    trial.start()
    trial.disk.fail(kind)
    trial.storm()
    assert all(" sent on as " in reply for reply in trial.ledger.replies.values())
    trial.sink.stop()
    trial.ledger.send([letter(f"refused-{n}") for n in range(5)])
    assert len(trial.ledger.answered("451 ")) == 5
    trial.disk.heal()
    trial.ledger.send([letter("after")])
    trial.sink.start()
    trial.add_up(twice=0)
    assert "after" in trial.sink.tokens() and not any(token.startswith("refused") for token in trial.sink.tokens())


def test_a_broken_disk_does_not_make_a_flood(workshop: Workshop, library: Path):
    """What was delivered is not delivered again and again while that cannot be recorded."""
    trial = Trial(workshop, library)
    trial.sink.stop()
    trial.start()
    trial.ledger.send([letter(f"letter-{n}") for n in range(3)])
    trial.disk.fail(KINDS[0])
    trial.sink.start()
    trial.sink.wait_for(set(trial.ledger.mails))
    assert stays(lambda: len(trial.sink.taken) <= 2 * 3, 6)


@pytest.mark.parametrize("mail", [report("second", "storm"), letter("second"), letter("second", padding=1_100_000)],
                         ids=["report", "letter", "large letter"])
@pytest.mark.parametrize("kind", [SYNCS, GONE], ids=lambda kind: kind.name)
def test_what_could_not_be_synced_is_there_once_after_a_crash(workshop: Workshop, library: Path, kind: Kind, mail: Mail):
    """A mail that went to the spool since the database could not sync it is there once, also after kill -9, and also
    when the disk did not even take what was to make the failed transaction harmless."""
    trial = Trial(workshop, library, spool=workshop.folder / "other-disk")
    trial.start()
    trial.ledger.send([report("first", "storm")])
    trial.relay.wait_drained()
    trial.sink.stop()
    trial.disk.fail(kind)
    trial.ledger.send([mail])
    assert " kept as " in trial.ledger.replies["second"]
    trial.relay.kill()
    trial.sink.start()
    trial.restart()
    trial.add_up(twice=0)


@pytest.mark.parametrize("mail", [report("second", "storm"), letter("second")], ids=["report", "letter"])
def test_what_was_sent_on_may_stand_in_the_store_after_a_crash(workshop: Workshop, library: Path, mail: Mail):
    """No place took the mail, so it was sent on; but its transaction stood whole in the WAL, and nothing could be written
    that says otherwise. After kill -9 it counts, once: it did come."""
    trial = Trial(workshop, library)
    trial.start()
    trial.ledger.send([report("first", "storm")])
    trial.relay.wait_drained()
    trial.disk.fail(GONE)
    trial.ledger.send([mail])
    assert " sent on as " in trial.ledger.replies["second"]
    trial.relay.kill()
    trial.restart()
    trial.add_up(twice=1)
    totals = trial.relay.totals()
    assert totals["forwarded"] + totals["suppressed"] + totals["passed"] == 2


def test_files_that_cannot_be_removed(workshop: Workshop, library: Path):
    """Large mails that were delivered and spooled mails that were imported stay on the disk, and come only once."""
    trial = Trial(workshop, library)
    trial.start()
    trial.disk.fail(KINDS[0], last=trial.disk.calls + 200)
    trial.storm("a")
    trial.disk.fail(UNLINKS)
    trial.storm("b")
    # Rounds of the import.
    pause(11)
    trial.relay.kill()
    assert trial.disk.failures[0] > 0
    trial.restart()
    trial.add_up(twice=IN_FLIGHT)
    assert trial.relay.stop() == 0
    trial.relay.start()
    assert not list((trial.relay.store / "bodies").iterdir())
