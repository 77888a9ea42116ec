"""250 means: it is on the disk. Proved with the system calls of the relay, not with its word."""
import re

import pytest

from conftest import Workshop
from peers import syscalls
from peers.relay import Relay
from peers.storefront import Browser


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
    """Between the last byte of each mail and its 250 its content is written to the store and synced."""
    relay, trace = traced
    tokens = [f"last line of letter {n}" for n in range(5)]
    for token in tokens:
        relay.send(f"Subject: durable\r\n\r\nBefore it\r\n{token}\r\n".encode())
    calls = finished(relay, trace)
    for token in tokens:
        acknowledged = syscalls.acknowledgement(calls, token)
        assert_synced(acknowledged, relay)
        assert any(token in call.arguments for call in acknowledged.writes), "the mail itself was not written"


def test_each_suppressed_mail_is_synced_before_its_250(traced, report):
    """A mail that is held back is acknowledged only after its count is synced."""
    relay, trace = traced
    tokens = [f"last line of report {n}" for n in range(5)]
    for token in tokens:
        relay.send(report + token.encode() + b"\r\n")
    totals = relay.totals()
    assert (totals["forwarded"], totals["suppressed"]) == (1, 4)
    calls = finished(relay, trace)
    for token in tokens:
        assert_synced(syscalls.acknowledgement(calls, token), relay)


def test_a_large_mail_is_synced_before_its_250(traced):
    """Bodies that are too large for the database are as durable as small ones."""
    relay, trace = traced
    body = b"".join(b"%07d %s\r\n" % (n, b"x" * 60) for n in range(40_000))
    relay.send(b"Subject: large\r\n\r\n" + body + b"the very last line\r\n")
    assert_synced(syscalls.acknowledgement(finished(relay, trace), "the very last line"), relay)


def assert_synced(acknowledged: syscalls.Acknowledgement, relay: Relay) -> None:
    """A sync of a file of the store lies before the answer, and nothing was written to that file after its sync."""
    synced = [call for call in acknowledged.syncs if call.target.startswith(str(relay.store))]
    assert synced, f"no sync of the store before the 250; syncs: {acknowledged.syncs}"
    last = synced[-1]
    later = [call for call in acknowledged.writes if call.target == last.target and call.begun > last.begun]
    assert not later, f"written after the sync and before the 250: {[re.sub(r'<.*', '', c.arguments) for c in later]}"
