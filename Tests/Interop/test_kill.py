"""Nothing that was acknowledged is lost, whatever ends the relay."""
import os
import random
import smtplib
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from conftest import Workshop, logged_in
from peers.ledger import IN_FLIGHT, Couriers, Ledger, mixture
from peers.postfix import Postfix
from peers.quicksink import QuickSink
from peers.relay import Relay, one_clear_line
from peers.storefront import Storefront, Storm
from peers.waiting import pause, until

KILLS = int(os.environ.get("MAILDEDUP_KILLS", "20"))


@dataclass
class Correspondence:
    """Ordinary mail that goes on all the time, each letter with a number of its own."""

    port: int
    sending: Counter = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    enough: threading.Event = field(default_factory=threading.Event)

    def write(self, name: str) -> None:
        """Sends letters until it is enough; a letter that was not acknowledged is not sent again."""
        number = 0
        while not self.enough.is_set():
            number += 1
            self.letter(f"{name}-{number}")

    def letter(self, name: str) -> None:
        """One letter, over a connection of its own as Django does it."""
        raw = f"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: letter {name}\r\n\r\nDear B\r\n".encode()
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                self.sending[name] += 1
                client.sendmail("a@shop.example", ["b@customer.example"], raw)
                self.acknowledged.add(name)
        except (OSError, smtplib.SMTPException):
            pause(0.02)

    @property
    def in_flight(self) -> int:
        """Letters that were begun and never answered."""
        return len(self.sending) - len(self.acknowledged)


def kill_and_restart(relay: Relay, site: Storefront, letters: Correspondence, errors: int, mails: int) -> None:
    """kill -9 once so many errors and letters were acknowledged, then a start on the same store."""
    until(lambda: len(site.ledger.ids("acknowledged")) >= errors, f"{errors} acknowledged errors", 60)
    until(lambda: len(letters.acknowledged) >= mails, f"{mails} acknowledged letters", 60)
    relay.kill()
    relay.start()


def test_kill_9_in_the_middle_of_the_storm(postgres, workshop: Workshop):
    """After two kills every acknowledged letter arrives and the counts still hold every acknowledged error."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    site = workshop.site(postgres, relay.port)
    server = site.serve(threads=8)
    customer = logged_in(server)
    letters = Correspondence(relay.port)
    writers = [threading.Thread(target=letters.write, args=(f"w{n}",)) for n in range(3)]

    def kills():
        for errors, mails in ((15, 40), (40, 120)):
            kill_and_restart(relay, site, letters, errors, mails)

    killer = threading.Thread(target=kills)
    postgres.exhaust()
    try:
        for thread in (*writers, killer):
            thread.start()
        Storm(site, server, customer).blow(rounds=8, commands=1)
    finally:
        killer.join(90)
        letters.enough.set()
        for thread in writers:
            thread.join(30)
        postgres.release()
        site.stop()

    acknowledged = len(site.ledger.ids("acknowledged")) + len(letters.acknowledged)
    unanswered = len(site.ledger.ids("sending")) - len(site.ledger.ids("acknowledged")) + letters.in_flight
    assert unanswered <= 2 * (8 + 3 + 1 + 8), "more was in flight than there were senders"
    totals = relay.totals()
    assert acknowledged <= totals["accepted"] <= acknowledged + unanswered
    assert totals["passed"] >= len(letters.acknowledged)

    relay.wait_drained()
    arrived = Counter(arrival.subject.removeprefix("letter ")
                      for arrival in sink.matching(lambda arrival: arrival.subject.startswith("letter ")))
    assert letters.acknowledged - set(arrived) == set(), "acknowledged, but never delivered"
    assert set(arrived) <= set(letters.sending)
    assert sum(arrived.values()) - len(arrived) <= 2 * IN_FLIGHT, "more twice than can have been in flight"
    outages = sink.matching(lambda arrival: "OperationalError" in arrival.text)
    assert 1 <= len(outages) <= 1 + 2, "one, and at most one more for each kill while it was in flight"
    assert len({arrival.message["Message-ID"] for arrival in outages}) == 1


def test_kill_9_at_random_moments(workshop: Workshop):
    """Under load, with hundreds of acknowledged mails before each of 20 kills: none is lost, each is counted once, and
    nothing comes twice but what was on its way when the relay was killed."""
    seed = os.environ.get("MAILDEDUP_KILL_SEED") or random.randrange(10**6)
    print(f"MAILDEDUP_KILL_SEED={seed}")
    dice = random.Random(str(seed))
    sink = QuickSink(hesitant=True).start()
    workshop.endings.append(sink.stop)
    # So short that each life holds back, forwards again and tells the count.
    relay = workshop.relay(sink, overrides={"window": {"length": "2s"}}).start()
    ledger = Ledger(relay.port)
    with Couriers(ledger, [mixture(f"{seed}-{n}") for n in range(4)]):
        for _ in range(KILLS):
            kill_under_load(relay, sink, ledger, dice)
            if dice.random() < 0.3:
                # It may still be reading what the life before it left.
                relay.launch()
                pause(dice.uniform(0, 0.2))
                relay.kill()
                sink.life += 1
            relay.start()
    relay.wait_drained(60)
    ledger.check(relay, sink, twice=IN_FLIGHT)
    assert len(ledger.answered("")) <= 4 * sink.life, "more unanswered than there were senders"
    assert ledger.answered("4") == []


def kill_under_load(server, sink: QuickSink, ledger: Ledger, dice: random.Random) -> None:
    """After hundreds of acknowledged mails, at a moment that the dice choose."""
    enough = len(ledger.answered("250")) + 200
    until(lambda: len(ledger.answered("250")) >= enough, "hundreds of mails", 60)
    pause(dice.uniform(0, 0.4))
    server.kill()
    sink.life += 1


def killed_again_and_again(server, sink: QuickSink, seed: str) -> tuple[int, int]:
    """Letters through a server that is killed so many times under load; how many there were, and how many came twice."""
    dice, ledger = random.Random(seed), Ledger(server.port)
    letters = [(mail for mail in mixture(f"{seed}-{n}") if not mail.error) for n in range(4)]
    with Couriers(ledger, letters):
        for _ in range(KILLS):
            kill_under_load(server, sink, ledger, dice)
            server.start()
    until(lambda: {mail.token for mail in ledger.answered("250")} <= sink.tokens(), "all arrive", 60)
    return len(ledger.answered("250")), superfluous(Counter(taken.token for taken in list(sink.taken)))


def superfluous(arrived: Counter) -> int:
    """Mails beyond the first of each."""
    return arrived.total() - len(arrived)


def test_kill_9_beside_postfix(workshop: Workshop):
    """A mail is sent twice only when it was on its way: under the same load and kills as few as of Postfix."""
    seed = os.environ.get("MAILDEDUP_KILL_SEED") or str(random.randrange(10**6))
    print(f"MAILDEDUP_KILL_SEED={seed}")
    twice = {}
    for name in ("MailDedup", "Postfix"):
        sink = QuickSink().start()
        workshop.endings.append(sink.stop)
        if name == "Postfix":
            server = Postfix(sink.port).start()
            workshop.endings.append(server.remove)
        else:
            server = workshop.relay(sink).start()
        mails, twice[name] = killed_again_and_again(server, sink, seed)
        print(f"{name}: {mails} letters, {KILLS} kills, {twice[name]} came twice")
    # Neither knows what was in the buffers of a connection when it was killed. Without notes 3.4 came twice for each kill,
    # with them 1.7, of Postfix 0.9 (three seeds).
    assert twice["MailDedup"] <= twice["Postfix"] + 2 * KILLS


def test_of_many_starts_on_one_store_one_succeeds(workshop: Workshop):
    """Started five times at once, one relay runs and the others say who holds the store; the next follows at once."""
    first = workshop.relay()
    rivals = [first, *(workshop.relay(store=first.store) for _ in range(4))]
    processes = [relay.launch() for relay in rivals]
    until(lambda: sum(process.poll() is not None for process in processes) == 4, "four give up")
    [holder] = [relay for relay in rivals if relay.process.poll() is None]
    until(lambda: "listening on" in holder.output(), "the fifth listens")
    for relay in rivals:
        if relay is not holder:
            assert relay.process.returncode > 0 and f"process {holder.process.pid}:" in one_clear_line(relay.output())
    holder.kill()
    rivals[0].start()


def test_an_orderly_restart_keeps_the_queue(workshop: Workshop):
    """With the smarthost down mail is accepted at once, survives a restart, and arrives when the smarthost is back."""
    sink = workshop.sink()
    sink.stop()
    relay = workshop.relay(sink).start()
    mails = {f"letter {n}": f"Subject: letter {n}\r\n\r\nNumber {n}\r\n".encode() for n in range(10)}
    slowest = max(relay.send(raw) for raw in mails.values())
    assert slowest < 1.0, "the acknowledgement waited for the smarthost"
    assert len(relay.queue()) == 10
    until(lambda: all(entry.get("last_failure") for entry in relay.queue()), "each was tried")
    relay.restart()
    assert len(relay.queue()) == 10
    sink.start()
    arrivals = sink.wait_for(lambda arrival: True, "the queue", count=10)
    relay.wait_drained()
    assert len(sink.arrivals) == 10
    assert {arrival.subject: arrival.below_trace for arrival in arrivals} == mails


def test_a_smarthost_that_says_not_now(workshop: Workshop):
    """A 4xx answer keeps the mail in the queue, with the reason for everybody to read, until it is taken."""
    sink = workshop.sink()
    sink.answer = "451 4.7.1 greylisted, come back later"
    relay = workshop.relay(sink).start()
    relay.send(b"Subject: patience\r\n\r\nI can wait\r\n")
    [entry] = until(lambda: [e for e in relay.queue() if e.get("last_failure")], "the attempt is recorded")
    assert "greylisted" in entry["last_failure"] and entry["attempts"] >= 1
    sink.answer = None
    sink.wait_for(lambda arrival: arrival.subject == "patience", "the patient one")
    relay.wait_drained()
    assert len(sink.arrivals) == 1


def test_sigterm_is_heeded_from_the_first_moment(workshop: Workshop):
    """As soon as the relay says that it listens, SIGTERM ends it in order: service managers restart in a hurry."""
    for _ in range(8):
        relay = workshop.relay().start()
        assert relay.stop() == 0, f"SIGTERM right after the start killed it: {relay.output()}"


def test_an_idle_client_does_not_hold_up_the_end(workshop: Workshop):
    """Connections are kept open by many clients: one that says nothing is told 421, and the relay ends at once."""
    relay = workshop.relay().start()
    with socket.create_connection(("127.0.0.1", relay.port), timeout=30) as client, client.makefile("rb") as lines:
        lines.readline()
        client.sendall(b"HELO site\r\n")
        lines.readline()
        assert relay.status()["daemon"], "the start is over"
        begun = time.monotonic()
        assert relay.stop() == 0
        assert time.monotonic() - begun < 5
        assert lines.readline().startswith(b"421 ")


def test_sigterm_in_the_middle_of_traffic_loses_nothing(workshop: Workshop):
    """An orderly stop answers what is in flight; all that was acknowledged arrives exactly once."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    letters = Correspondence(relay.port)
    writers = [threading.Thread(target=letters.write, args=(f"w{n}",)) for n in range(4)]
    for thread in writers:
        thread.start()
    try:
        until(lambda: len(letters.acknowledged) >= 50, "traffic")
        relay.restart()
        seen = len(letters.acknowledged)
        until(lambda: len(letters.acknowledged) >= seen + 20, "traffic after the restart")
    finally:
        letters.enough.set()
        for thread in writers:
            thread.join(30)
    relay.wait_drained()
    arrived = Counter(arrival.subject.removeprefix("letter ") for arrival in sink.arrivals)
    assert letters.acknowledged - set(arrived) == set()
    assert max(arrived.values()) == 1, "an orderly stop delivered something twice"
