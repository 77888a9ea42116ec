"""Thousands of mails wait for the smarthost: when it is back, all of them arrive, and new mail overtakes them."""
import os
import re
import threading
import time
from pathlib import Path

import pytest

from conftest import Workshop
from peers.ledger import Ledger, letter
from peers.quicksink import QuickSink
from peers.relay import Relay
from peers.waiting import pause, until

BACKLOG = int(os.environ.get("MAILDEDUP_BACKLOG", "4000"))
SENDERS = 4


def memory(relay: Relay) -> int:
    """The most that it ever had in memory, in MiB."""
    status = Path(f"/proc/{relay.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) >> 10


def tried(relay: Relay) -> int:
    """How many mails were deferred once at least."""
    return len(set(re.findall(r" deferred id=(\w+)", relay.output())))


def accept(ledger: Ledger) -> None:
    """The relay takes the whole backlog, over a few connections."""
    threads = [threading.Thread(target=ledger.send, args=([letter(f"{n}-{m}") for m in range(BACKLOG // SENDERS)],))
               for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.answered("250")) == BACKLOG


def seconds_of_fresh_mail(ledger: Ledger, sink: QuickSink) -> float:
    """How long a new mail takes from its client to the sink."""
    mail, begun = letter(f"fresh-{len(ledger.mails)}"), time.monotonic()
    ledger.send([mail])
    sink.wait_for({mail.token}, 60)
    return time.monotonic() - begun


@pytest.mark.timeout(120 + BACKLOG // 50)
def test_a_backlog_drains_and_fresh_mail_overtakes_it(workshop: Workshop):
    """After a restart each mail arrives once, new ones within seconds, and memory does not grow with the queue."""
    sink = QuickSink().start()
    workshop.endings.append(sink.stop)
    sink.stop()
    relay = workshop.relay(sink, overrides={"log": {"level": "warning"}}).start()
    ledger, idle = Ledger(relay.port), memory(relay)
    accept(ledger)
    assert tried(relay) == 0, "what was never offered is no attempt"
    assert memory(relay) - idle < 32
    relay.restart()
    sink.start()
    until(lambda: sink.taken, "the drain begins")
    delays = []
    begun = time.monotonic()
    while len(sink.taken) < BACKLOG:
        delays.append(seconds_of_fresh_mail(ledger, sink))
        pause(0.5)
    print(f"{BACKLOG / (time.monotonic() - begun):.0f} mails/s; fresh ones took {max(delays):.2f} s at most; "
          f"memory: {memory(relay)} MiB, {idle} MiB when idle")
    relay.wait_drained()
    ledger.check(relay, sink)
    assert max(delays) < 5
    assert memory(relay) - idle < 32


@pytest.mark.timeout(120 + BACKLOG // 50)
def test_fresh_mail_overtakes_a_backlog_that_was_never_tried(workshop: Workshop):
    """A smarthost that hangs and comes back: mails that arrive meanwhile are among the next, and the oldest as well."""
    sink = QuickSink().start()
    workshop.endings.append(sink.stop)
    sink.hold()
    relay = workshop.relay(sink, overrides={"log": {"level": "warning"}}).start()
    ledger = Ledger(relay.port)
    accept(ledger)
    fresh = [letter(f"fresh-{n}") for n in range(3)]
    ledger.send(fresh)
    assert relay.status()["queue"]["waiting"] == BACKLOG + len(fresh) and tried(relay) == 0
    sink.release()
    relay.wait_drained(60 + BACKLOG // 50)
    ledger.check(relay, sink)
    order = [taken.token for taken in sink.taken]
    places = [order.index(mail.token) for mail in fresh]
    print(f"of {len(order)} mails the fresh ones came as {places}")
    # Those under way and those that the relay has read before, then its next look at the queue.
    assert max(places) < 100
    # The old end drains at the same time: half of what went out next is from there.
    sent = {token: number for number, token in enumerate(ledger.mails)}
    assert sum(sent[token] < 200 for token in order[:200]) >= 60
