"""What grows with connections, queue and store: memory, start-up, draining, decisions."""
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from contestants import Ours, Sink, running, until
from load import Load
from throughput import Figures
from usage import Peak, resident, used

MEBIBYTE = 1 << 20
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUEUED = 100_000


def measure(load: Load, folder: Path, rounds: int, say: Callable[[str], None]) -> Figures:
    """All of it; what takes minutes to prepare is done once."""
    figures: Figures = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, {}).setdefault("maildedup", []).append(value)

    for turn in range(rounds):
        say(f"memory {turn + 1}/{rounds}")
        _connections(folder, note)
        _under_load(load, folder, note)
    say("memory: 100 mails of 25 MiB at once")
    _large(load, folder, note)
    stores = _stores(load, folder, say)
    _decisions(load, stores, folder, rounds, say, note)
    _backlog(load, stores[-1], folder, say, note)
    for store in stores:
        shutil.rmtree(store)
    return figures


def _mebibytes(pid: int) -> float:
    return resident(pid) / MEBIBYTE


def _connections(folder: Path, note: Callable[[str, float], None]) -> None:
    with running([Sink(folder)]) as [sink]:
        ours, seconds = _started(Ours(folder, sink.port))
        try:
            note("start-up, empty: s", seconds)
            time.sleep(2)
            idle = _mebibytes(ours.pid)
            note("memory, idle: MiB", idle)
            clients = [socket.create_connection(("127.0.0.1", ours.port), timeout=30) for _ in range(1000)]
            for client in clients:
                client.recv(200)
                client.sendall(b"EHLO idle.example\r\n")
            for client in clients:
                client.recv(2000)
            note("memory, 1,000 connections more: MiB", _mebibytes(ours.pid) - idle)
            for client in clients:
                client.close()
        finally:
            ours.stop()


def _under_load(load: Load, folder: Path, note: Callable[[str, float], None]) -> None:
    with running([Sink(folder)]) as [sink], running([Ours(folder, sink.port)]) as [ours], Peak(ours.pid) as peak:
        load.run(ours.port, "ordinary-10k", sessions=100, mails=5000)
        load.run(ours.port, "report-kinds", sessions=100, mails=5000, kinds=1000, first=5000)
        note("memory, peak under load: MiB", peak.octets / MEBIBYTE)


def _large(load: Load, folder: Path, note: Callable[[str, float], None]) -> None:
    with running([Sink(folder)]) as [sink], running([Ours(folder, sink.port)]) as [ours], Peak(ours.pid) as peak:
        load.run(ours.port, "ordinary-25M", sessions=100, mails=100)
        until(lambda: sink.count >= 100, "the large mails are relayed", 300)
        note("memory, peak with 100 mails of 25 MiB: MiB", peak.octets / MEBIBYTE)


def _started(ours: Ours) -> tuple[Ours, float]:
    """Starts it; the seconds until it answers."""
    begun = time.monotonic()
    ours.relay.launch()
    while True:
        try:
            with socket.create_connection(("127.0.0.1", ours.port), timeout=30) as client:
                if client.recv(3) == b"220":
                    return ours, time.monotonic() - begun
        except ConnectionRefusedError:
            pass
        if ours.relay.process.poll() is not None:
            raise RuntimeError(ours.relay.output())
        time.sleep(0.005)


def _stores(load: Load, folder: Path, say: Callable[[str], None]) -> list[Path]:
    """A store for each of SIZES, in which this many errors are known; all are copies of one, with other names."""
    with running([Sink(folder)]) as [sink], running([Ours(folder, sink.port)]) as [ours]:
        load.run(ours.port, "report-15k", mails=1)
        until(lambda: sink.count >= 1, "the report is relayed")
        time.sleep(2)
        ours.relay.stop()
        stores = []
        for size in SIZES:
            say(f"a store with {size:,} errors")
            store = folder / f"store-{size}"
            shutil.copytree(ours.relay.store, store)
            _multiply(store / "dedup.sqlite", size)
            stores.append(store)
    return stores


def _multiply(path: Path, size: int) -> None:
    """Without samples, of which a store keeps 256 MiB at most, and with short explanations: a million of each kind would
    be 20 GB."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("UPDATE fingerprint SET explanation = substr(explanation, 1, 200)")
    columns = [row[1] for row in database.execute("PRAGMA table_info(fingerprint)") if row[1] not in ("id", "fingerprint")]
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
    database.execute(
        f"{numbers} INSERT INTO fingerprint (fingerprint, {', '.join(columns)}) "
        f"SELECT substr(fingerprint, 1, instr(fingerprint, ':')) || lower(hex(randomblob(16))), {', '.join(columns)} "
        "FROM numbers, (SELECT * FROM fingerprint LIMIT 1)", (size,))
    for table in ("arrival", "variant"):
        others = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "fingerprint_id"]
        database.execute(
            f"INSERT OR IGNORE INTO {table} (fingerprint_id, {', '.join(others)}) "
            f"SELECT f.id, {', '.join('one.' + other for other in others)} "
            f"FROM fingerprint f, (SELECT * FROM {table} LIMIT 1) one")
    database.commit()
    database.close()


def _decisions(
        load: Load, stores: list[Path], folder: Path, rounds: int, say: Callable[[str], None],
        note: Callable[[str, float], None]) -> None:
    """A storm of 1,000 errors, in stores that know ever more others."""
    with running([Sink(folder)]) as [sink], ExitStack() as endings:
        servers = []
        for size, store in zip(SIZES, stores):
            ours, seconds = _started(Ours(folder, sink.port, store={"directory": str(store)}))
            endings.callback(ours.stop)
            note(f"start-up, {size:,} errors: s", seconds)
            load.run(ours.port, "report-kinds", sessions=100, mails=3000, kinds=1000)
            servers.append((size, ours))
        for turn in range(rounds):
            say(f"decisions {turn + 1}/{rounds}")
            for size, ours in servers:
                before = used(ours.pid)
                result = load.run(ours.port, "report-kinds", sessions=100, mails=4000, kinds=1000)
                cost = used(ours.pid) - before
                note(f"decision, {size:,} errors: CPU µs", 1e6 * cost.cpu / 4000)
                note(f"decision, {size:,} errors: mails/s", result.rate)


def _backlog(
        load: Load, store: Path, folder: Path, say: Callable[[str], None], note: Callable[[str, float], None]) -> None:
    """100,000 mails wait, in the store that knows a million errors."""
    say(f"a queue of {QUEUED:,}")
    with running([Sink(folder, hangs=True), Sink(folder)]) as [hanging, sink], running(
            [Ours(folder, hanging.port, store={"directory": str(store)})]) as [ours]:
        with Peak(ours.pid) as peak:
            load.run(ours.port, "ordinary-4k", sessions=100, mails=QUEUED, reuse=True)
        note("memory, peak while 100,000 mails are queued: MiB", peak.octets / MEBIBYTE)
        ours.relay.stop()
        ours.relay.smarthost = sink.port
        ours.relay.write_config()
        _, seconds = _started(ours)
        note("start-up, 1,000,000 errors and 100,000 queued mails: s", seconds)
        before, begun = sink.count, time.monotonic()
        say("draining")
        with Peak(ours.pid) as peak:
            until(lambda: sink.count >= before + 20_000, "20,000 mails leave", 300)
            note("drain: mails/s", (sink.count - before) / (time.monotonic() - begun))
        note("memory, 1,000,000 errors and 100,000 queued mails: MiB", peak.octets / MEBIBYTE)
