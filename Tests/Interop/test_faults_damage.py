"""A disk that is full, and files that are not what was written: no mail is lost quietly, and none leaves changed."""
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Workshop
from peers import preload
from peers.faults import KINDS, FaultyDisk
from peers.ledger import Ledger, letter, report
from peers.quicksink import QuickSink
from peers.relay import Relay, one_clear_line
from peers.waiting import until

DAMAGES = int(os.environ.get("MAILDEDUP_DAMAGES", "15"))


def flip(path: Path, dice: random.Random) -> None:
    """Changes one bit somewhere."""
    octets = bytearray(path.read_bytes())
    octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    path.write_bytes(octets)


def cut(path: Path, dice: random.Random) -> None:
    """Takes the end away, or all."""
    os.truncate(path, dice.randrange(path.stat().st_size))


def blank(path: Path, dice: random.Random) -> None:
    """Fills a sector with zeros, as a disk does that has lost it."""
    octets = bytearray(path.read_bytes())
    begin = dice.randrange(len(octets)) & ~511
    octets[begin:begin + 512] = bytes(len(octets[begin:begin + 512]))
    path.write_bytes(octets)


WAYS: list[Callable] = [flip, cut, blank]


@pytest.fixture
def sink(workshop: Workshop) -> QuickSink:
    """Not there yet."""
    sink = QuickSink()
    workshop.endings.append(sink.stop)
    return sink


def damage(files: list[Path]) -> dict[Path, bytes]:
    """Spoils each of the files in another way; what they hold now."""
    for number, path in enumerate(files):
        WAYS[number % len(WAYS)](path, random.Random(path.name))
    return {path: path.read_bytes() for path in files}


def test_damaged_files_of_the_spool(workshop: Workshop, sink: QuickSink, tmp_path: Path):
    """They are set aside and named in the log, as they are; all other mails of the spool arrive."""
    spool = workshop.folder / "spool"
    disk = FaultyDisk(preload.build("faultshim", tmp_path), workshop.folder / "disk")
    relay = workshop.relay(sink, store=disk.folder / "store", overrides={"store": {"spool": str(spool)}})
    relay.start(*disk.prefix)
    disk.fail(KINDS[0])
    ledger = Ledger(relay.port)
    ledger.send([letter(f"letter-{n}") for n in range(12)])
    relay.kill()
    files = sorted(spool.glob("*.mail"))
    assert len(files) == 12
    damaged = damage(files[::2])
    sink.start()
    relay.start()
    until(lambda: len(sink.taken) == 6, "the others arrive")
    until(lambda: not list(spool.glob("*.mail")), "nothing is left to import")
    ledger.check_unchanged(sink)
    assert {path.with_name(path.name + ".damaged"): octets for path, octets in damaged.items()} == {
        path: path.read_bytes() for path in spool.iterdir()}
    for path in damaged:
        assert f"spool-damaged id={path.stem}" in relay.output()


def test_damaged_bodies(workshop: Workshop, sink: QuickSink):
    """A large mail whose file is damaged never leaves; it waits for the admin, and says why."""
    relay = workshop.relay(sink, overrides={"delivery": {"retry-waits": "2s"}}).start()
    ledger = Ledger(relay.port)
    ledger.send([letter(f"large-{n}", padding=1_100_000) for n in range(4)])
    assert relay.stop() == 0
    damage(sorted((relay.store / "bodies").iterdir())[:3])
    sink.start()
    relay.start()
    until(lambda: len(relay.queue()) == 3 and all("set aside" in entry["last_failure"] for entry in relay.queue()),
          "the damaged ones are set aside")
    sink.wait_for({"large-3"})
    ledger.check_unchanged(sink)
    assert len(sink.taken) == 1


@pytest.fixture
def full_store(workshop: Workshop, sink: QuickSink) -> tuple[Ledger, Path]:
    """A store with much in it, and what was sent to it; its relay is gone."""
    relay = workshop.relay(sink).start()
    ledger = Ledger(relay.port)
    ledger.send([letter(f"letter-{n}", padding=5000) for n in range(30)])
    ledger.send([report(f"report-{n}", "storm") for n in range(5)])
    assert relay.stop() == 0
    return ledger, relay.store


def test_a_damaged_database(workshop: Workshop, sink: QuickSink, full_store: tuple[Ledger, Path]):
    """It says so in one line and does not start, or runs, ends in order, and sends nothing but what was sent to it."""
    ledger, store = full_store
    ledger.mails["new"] = letter("new")
    sink.start()
    for number in range(DAMAGES):
        relay = workshop.relay(sink)
        shutil.copytree(store, relay.store)
        way = WAYS[number % len(WAYS)]
        way(relay.store / "dedup.sqlite", random.Random(number))
        run_on_damage(relay, sink, f"{way.__name__} {number}")
        # The relay may have told its admin.
        sink.taken = [taken for taken in sink.taken if b"@relay.example>\r\n" not in taken.raw.split(b"\r\n\r\n")[0]]
        ledger.check_unchanged(sink)
        sink.taken.clear()


def run_on_damage(relay: Relay, sink: QuickSink, what: str) -> None:
    """Starts it, sends a mail when it runs, and stops it when that arrived or it says what is wrong."""
    process = relay.launch()
    until(lambda: process.poll() is not None or "listening on" in relay.output(), "it starts or ends")
    if process.poll() is None:
        relay.send(letter("new").data)
        until(lambda: "new" in sink.tokens() or " error " in relay.output(), f"{what}: it works, or says what does not")
        assert relay.stop() == 0, f"{what}: {relay.output()}"
    else:
        assert process.returncode > 0, f"{what}: ended by a signal: {relay.output()}"
        assert "dedup.sqlite" in one_clear_line(relay.output())


@pytest.fixture
def full_disk(workshop: Workshop, small_disk: Path, sink: QuickSink) -> tuple[Ledger, Relay]:
    """A relay whose queue has filled the disk of store and spool, since the smarthost is away."""
    relay = workshop.relay(sink, store=small_disk / "store", overrides={"store": {"spool": str(small_disk / "spool")}})
    ledger = Ledger(relay.start().port)
    ledger.send([letter(f"letter-{n}", padding=40_000) for n in range(450)])
    return ledger, relay


def test_a_disk_that_the_queue_fills(full_disk: tuple[Ledger, Relay], small_disk: Path, sink: QuickSink):
    """What it does not take is refused for now. What it took is there after kill -9 and arrives when there is room."""
    ledger, relay = full_disk
    assert len(ledger.answered("250")) > 100 and len(ledger.answered("451 ")) > 100
    assert ledger.replies["letter-299"].startswith("451 ")
    relay.kill()
    relay.start()
    in_spool = len(list((small_disk / "spool").glob("*.mail")))
    assert relay.totals()["accepted"] + in_spool == len(ledger.answered("250"))
    subprocess.run(["mount", "-o", "remount,size=80m", str(small_disk)], check=True)
    sink.start()
    until(lambda: not list((small_disk / "spool").glob("*.mail")), "the store takes over what waits in the spool")
    relay.wait_drained()
    ledger.send([letter(f"again-{n}", padding=40_000) for n in range(50)])
    assert all(ledger.replies[f"again-{n}"].startswith("250 ") for n in range(50))
    relay.wait_drained()
    ledger.check(relay, sink)


def test_delivering_makes_room(full_disk: tuple[Ledger, Relay], sink: QuickSink):
    """When the smarthost is back the queue drains, however full the disk, and new mail is taken again."""
    ledger, relay = full_disk
    sink.start()
    relay.wait_drained(8)
    ledger.send([letter("again", padding=40_000)])
    assert ledger.replies["again"].startswith("250 ")


PAGE = 4096


@pytest.fixture
def queue_of_letters(workshop: Workshop, sink: QuickSink, tmp_path: Path) -> tuple[Ledger, Relay, FaultyDisk]:
    """300 letters that wait on a disk that will have trouble, one of them longer than a page; the relay is stopped."""
    disk = FaultyDisk(preload.build("faultshim", tmp_path), workshop.folder / "disk")
    relay = workshop.relay(sink, store=disk.folder / "store",
                           overrides={"store": {"spool": str(workshop.folder / "spool")}}).start()
    ledger = Ledger(relay.port)
    ledger.send([letter(f"letter-{n}") for n in range(300)])
    long = letter("long")
    long.text += "This is the long one.\n" * 4000
    ledger.send([long])
    assert relay.stop() == 0
    return ledger, relay, disk


def pages_with(database: Path, text: bytes, at_least: int) -> list[int]:
    """Where the pages begin that hold the text so often."""
    octets = database.read_bytes()
    return [begin for begin in range(0, len(octets), PAGE) if octets[begin:begin + PAGE].count(text) >= at_least]


def of_others(sink: QuickSink) -> set[str]:
    """What has arrived, but for what the relay told its admin."""
    return {taken.token for taken in list(sink.taken)
            if b"@relay.example>\r\n" not in taken.raw.split(b"\r\n\r\n")[0]}


@pytest.mark.timeout(120)
def test_a_bad_sector_in_a_message(queue_of_letters: tuple[Ledger, Relay, FaultyDisk], sink: QuickSink):
    """That mail is set aside after a while; all others arrive meanwhile."""
    ledger, relay, disk = queue_of_letters
    database = relay.store / "dedup.sqlite"
    begin = pages_with(database, b"This is the long one.", 100)[5]
    # Held until its sector is lost: a relay that is quick has read a mail by the time it says that it listens.
    relay.start()
    (long,) = [mail["id"] for mail in relay.ask("queue", "list", "--limit", "400") if mail["size"] > 20 * PAGE]
    assert relay.dedupctl("queue", "hold", long).returncode == 0
    assert relay.stop() == 0
    sink.start()
    relay.start(*disk.prefix)
    disk.lose(database, begin, begin + PAGE)
    assert relay.dedupctl("queue", "release", long).returncode == 0
    sink.wait_for({mail for mail in ledger.mails if mail != "long"})
    until(lambda: [entry["last_failure"] for entry in relay.queue() if "set aside" in (entry["last_failure"] or "")],
          "it is set aside", 60)
    assert disk.lost_reads and "long" not in sink.tokens()
    assert relay.stop() == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_running", [False, True])
def test_a_bad_sector_in_the_queue(queue_of_letters: tuple[Ledger, Relay, FaultyDisk], sink: QuickSink,
                                   is_running: bool):
    """A fresh database takes over what can be read, and says how much that is not; what it has arrives."""
    ledger, relay, disk = queue_of_letters
    database = relay.store / "dedup.sqlite"
    begin = pages_with(database, b"django@shop.example", 10)[1]
    sink.start()
    if is_running:
        relay.start(*disk.prefix)
        disk.lose(database, begin, begin + PAGE)
    else:
        disk.lose(database, begin, begin + PAGE)
        relay.start(*disk.prefix)
    relay.send(letter("new").data)
    sink.wait_for({"new"}, 60)
    # Whoever asks for what is lost is told so, once.
    until(lambda: "database-replaced" in relay.output() or of_others(sink) >= set(ledger.mails), "it is met", 60)
    relay.wait_drained(60)
    replaced = re.search(r"database-replaced.* lost=(\d+)", relay.output())
    missing = set(ledger.mails) - of_others(sink)
    assert bool(missing) <= bool(replaced) and len(missing) <= int(replaced.group(1) if replaced else 0) < 100
    assert is_running or missing
    assert len(list(relay.store.glob("dedup.sqlite.damaged-*"))) >= bool(replaced)
    assert relay.stop() == 0


@pytest.mark.timeout(120)
def test_a_damaged_database_on_a_full_disk(queue_of_letters: tuple[Ledger, Relay, FaultyDisk], sink: QuickSink):
    """The relay starts and takes mail into its spool elsewhere; with room again it repairs the database and goes on."""
    ledger, relay, disk = queue_of_letters
    database = relay.store / "dedup.sqlite"
    begin = pages_with(database, b"django@shop.example", 10)[1]
    with open(database, "r+b") as file:
        file.seek(begin)
        file.write(bytes(PAGE))
    sink.start()
    disk.fail(KINDS[1])
    relay.start(*disk.prefix)
    assert "store-unavailable" in relay.output()
    ledger.send([letter(f"meanwhile-{n}") for n in range(3)])
    assert len(ledger.answered("250")) == len(ledger.mails) and not sink.taken
    disk.heal()
    sink.wait_for({f"meanwhile-{n}" for n in range(3)}, 60)
    relay.wait_drained(60)
    lost = int(re.search(r"database-replaced.* lost=(\d+)", relay.output()).group(1))
    assert 0 < len(set(ledger.mails) - of_others(sink)) <= lost < 100
    assert relay.stop() == 0
