"""250 means: it is on the disk. Proved with the system calls of the relay, not with its word."""
import pytest

from conftest import Workshop
from peers import syscalls
from peers.relay import Relay
from peers.storefront import Browser
from peers.waiting import until


@pytest.fixture(scope="module")
def report(postgres, peers: Workshop) -> bytes:
    """An error mail of a real Django."""
    sink = peers.sink()
    site = peers.site(postgres, sink.port)
    assert Browser(site.serve()).get("/quote/?pieces=0") == 500
    [raw] = site.ledger.sent()
    site.stop()
    return raw


@pytest.fixture
def traced(workshop: Workshop):
    """A relay under strace, with the smarthost down so that nothing but intake writes to the disk; and its trace."""
    sink = workshop.sink()
    sink.stop()
    relay = workshop.relay(sink, overrides={"delivery": {"retry-waits": "1h"}})
    trace = relay.folder / "trace"
    relay.start(*syscalls.TRACER, str(trace))
    return relay, trace


def finished(relay: Relay, trace) -> list[syscalls.Call]:
    """The whole trace, after an orderly end."""
    assert relay.stop() == 0
    return syscalls.read(trace)


def test_each_queued_mail_is_synced_before_its_250(traced):
    """Between the last byte of each mail and its 250 the mail is written to the store, and synced after that."""
    relay, trace = traced
    tokens = [f"last line of letter {n}" for n in range(5)]
    for token in tokens:
        relay.send(f"Subject: durable\r\n\r\nBefore it\r\n{token}\r\n".encode())
    calls = finished(relay, trace)
    for token in tokens:
        acknowledged = syscalls.acknowledgement(calls, token)
        written = [call for call in acknowledged.writes if token in call.arguments]
        assert written, "the mail itself was not written"
        assert any(sync.target == written[-1].target and sync.begun > written[-1].ended
                   for sync in store_syncs(acknowledged, relay)), "not synced after it was written"


def test_each_suppressed_mail_is_synced_before_its_250(traced, report):
    """A mail that is held back is acknowledged only after its count is written and synced."""
    relay, trace = traced
    relay.send(report)
    # From here on the queue is silent for an hour: nothing but intake writes.
    until(lambda: relay.queue()[0].get("last_failure"), "the first mail was tried")
    # One more setting ends each report, so that the trace shows its last byte; other words there would be a doubt.
    tokens = [f"ZONE =3D 'report {n}'" for n in range(5)]
    for token in tokens:
        relay.send(report.rstrip() + b"\r\n" + token.encode() + b"\r\n")
    totals = relay.totals()
    assert (totals["forwarded"], totals["suppressed"]) == (1, 5)
    calls = finished(relay, trace)
    for token in tokens:
        acknowledged = syscalls.acknowledgement(calls, token)
        last = store_syncs(acknowledged, relay)[-1]
        to_the_store = [call for call in acknowledged.writes if call.target == last.target]
        assert any(call.ended < last.begun for call in to_the_store), "the count was not written"
        assert all(call.begun < last.begun for call in to_the_store), "something was written after the last sync"


def test_a_large_mail_is_synced_before_its_250(traced):
    """A body that is too large for the database is a file, as durable as the rest, and so is its name."""
    relay, trace = traced
    body = b"".join(b"%07d %s\r\n" % (n, b"x" * 60) for n in range(40_000))
    relay.send(b"Subject: large\r\n\r\n" + body + b"the very last line\r\n")
    synced = {sync.target for sync in store_syncs(
        syscalls.acknowledgement(finished(relay, trace), "the very last line"), relay)}
    bodies = str(relay.store / "bodies")
    assert bodies in synced, f"the folder that names the body was not synced: {synced}"
    assert any(target.startswith(bodies + "/") for target in synced), f"the body was not synced: {synced}"


def store_syncs(acknowledged: syscalls.Acknowledgement, relay: Relay) -> list[syscalls.Call]:
    """The syncs of files of the store; there is at least one."""
    syncs = [call for call in acknowledged.syncs if call.target.startswith(str(relay.store))]
    assert syncs, f"no sync of the store before the 250; syncs: {acknowledged.syncs}"
    return syncs
