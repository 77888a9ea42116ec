"""The wall clock jumps: mail is neither given up nor forgotten, no error is hidden, no summary comes twice."""
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import Parser

import pytest

from conftest import Workshop
from peers.clock import Clock
from peers.ledger import Ledger, letter, report
from peers.quicksink import QuickSink
from peers.relay import Relay
from peers.waiting import pause, stays, until

DAY = 86_400
JUMPS = {"3 days ahead": 3 * DAY, "3 days back": -3 * DAY, "8 hours of sleep": DAY / 3,
         "to the year 2000": -26 * 365 * DAY, "40 years ahead": 40 * 365 * DAY}


@dataclass
class Bench:
    """A relay with a clock of its own, a sink, and what was sent."""

    relay: Relay
    clock: Clock
    sink: QuickSink
    ledger: Ledger

    def start(self, *prefix: str) -> None:
        """Starts the relay by its own clock."""
        self.relay.start(*self.clock.prefix, *prefix)

    def send(self, *mails) -> str:
        """Sends mails; the reply to the last."""
        self.ledger.send(mails)
        return self.ledger.replies[mails[-1].token]


@pytest.fixture
def bench(workshop: Workshop) -> Bench:
    """Not started yet."""
    sink = QuickSink().start()
    workshop.endings.append(sink.stop)
    # Told of the delay, its sender would get a mail more.
    relay = workshop.relay(sink, overrides={"delivery": {"delay-notice": "5d"}})
    return Bench(relay, Clock(workshop.folder), sink, Ledger(relay.port))


@pytest.fixture(params=JUMPS.values(), ids=JUMPS)
def jump(request) -> float:
    """By how many seconds the clock jumps."""
    return request.param


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_a_deferred_mail_is_tried_soon_after_a_jump(bench: Bench, jump: float, is_restarted: bool):
    """While the smarthost refuses it, it stays in the queue, whatever age it seems to have; then it arrives, once."""
    bench.sink.refuses = True
    bench.start()
    bench.send(letter("patient"))
    until(lambda: bench.relay.queue()[0].get("last_failure"), "it was tried")
    if is_restarted:
        bench.relay.stop()
    tried = bench.relay.queue()[0]["attempts"]
    bench.clock.jump(jump)
    if is_restarted:
        bench.start()
    until(lambda: bench.relay.queue()[0]["attempts"] > tried, "it is tried again", 5)
    bench.sink.refuses = False
    bench.sink.wait_for({"patient"}, 5)
    bench.relay.wait_drained(5)
    bench.ledger.check(bench.relay, bench.sink)


def test_mail_that_waits_for_the_smarthost_goes_after_a_jump(bench: Bench, jump: float):
    """With the smarthost away it stays in the queue, whatever age it seems to have; then it arrives, once."""
    bench.sink.stop()
    bench.start()
    bench.send(letter("patient"))
    until(lambda: bench.relay.queue()[0].get("last_failure"), "the smarthost was found away")
    bench.clock.jump(jump)
    pause(2)
    bench.sink.start()
    bench.sink.wait_for({"patient"}, 10)
    bench.relay.wait_drained(5)
    bench.ledger.check(bench.relay, bench.sink)


def test_an_open_window_does_not_outlast_a_jump(bench: Bench, jump: float):
    """After a jump the error is told again, with the right count; then its window is open again, for its length."""
    bench.start()
    assert "queued as" in bench.send(report("first", "storm"))
    assert "counted as" in bench.send(report("held", "storm"))
    bench.clock.jump(jump)
    assert "queued as" in bench.send(report("after the jump", "storm"))
    assert "counted as" in bench.send(report("held again", "storm"))
    bench.clock.jump(3590)
    assert "counted as" in bench.send(report("still held", "storm"))
    bench.clock.jump(11)
    assert "queued as" in bench.send(report("after an hour", "storm"))
    bench.clock.jump(-jump)
    assert "queued as" in bench.send(report("after the jump back", "storm"))
    bench.relay.wait_drained()
    bench.ledger.check(bench.relay, bench.sink)
    assert sorted((taken.total, taken.held_back) for taken in bench.sink.taken) == [(1, 0), (3, 1), (6, 2), (7, 0)]
    # A day of quiet, even one that only the clock saw, begins another episode; a clock that was set back does not.
    counts = sorted(taken.count for taken in bench.sink.taken)
    assert counts == ([1, 1, 4, 5] if jump > DAY else [1, 1, 3, 6] if -jump > DAY else [1, 3, 6, 7])


def test_a_clock_that_is_corrected_does_not_open_the_window(bench: Bench):
    """Seconds, as NTP has them: in a storm each correction would be one more mail."""
    bench.start()
    bench.send(report("first", "storm"))
    for number, seconds in enumerate((-5, 7, -2, 0.5)):
        bench.clock.jump(seconds)
        assert "counted as" in bench.send(report(f"held-{number}", "storm"))


# When it is that time in Berlin, in UTC, on days around a change of the clocks: 2026-10-25 has 02:30 twice, 2027-03-28
# does not have it.
SUMMARIES = {
    ("02:30", "autumn"): ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"],
    ("02:30", "spring"): ["2027-03-27 01:30", "2027-03-28 01:30", "2027-03-29 00:30"],
    ("07:00", "autumn"): ["2026-10-24 05:00", "2026-10-25 06:00", "2026-10-26 06:00"],
    ("07:00", "spring"): ["2027-03-27 06:00", "2027-03-28 05:00", "2027-03-29 05:00"],
}


@pytest.mark.parametrize(("time", "season"), SUMMARIES)
def test_one_summary_a_day_when_the_clocks_change(bench: Bench, time: str, season: str):
    """It comes at its local time, to the second, and no restart in the hours around that brings a second one."""
    bench.relay.overrides["summary"] = {"enabled": "yes", "time": time, "to": "ops@shop.example",
                                        "send-when-quiet": "yes"}
    bench.relay.write_config()
    for number, moment in enumerate(SUMMARIES[time, season]):
        due = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
        wake(bench, due - 30 * 60, summaries=number)
        bench.clock.show(due - 1)
        bench.start("TZ=Europe/Berlin")
        until(lambda: len(bench.sink.taken) > number, "the summary", 5)
        assert bench.clock.now >= due, "too early"
        bench.relay.stop()
        for minutes in (31, 61):
            wake(bench, due + minutes * 60, summaries=number + 1)


def test_one_weekly_summary_after_a_long_downtime(bench: Bench):
    """It comes on its day, beside the daily one or without it; three weeks without the relay are one summary."""
    bench.relay.overrides["summary"] = {"enabled": "no", "time": "07:00", "weekly": "monday", "to": "ops@shop.example",
                                        "send-when-quiet": "yes"}
    bench.relay.write_config()
    monday = datetime.fromisoformat("2026-11-23 06:00").replace(tzinfo=UTC).timestamp()
    wake(bench, monday - DAY, summaries=0)
    wake(bench, monday + 3600, summaries=1)
    wake(bench, monday + 2 * DAY, summaries=1)
    wake(bench, monday + 22 * DAY, summaries=2)
    wake(bench, monday + 23 * DAY, summaries=2)
    subjects = [Parser().parsestr(taken.raw.decode())["Subject"] for taken in bench.sink.taken]
    assert subjects == ["[MailDedup] Week: All quiet, no mail at all", "[MailDedup] 21 days: All quiet, no mail at all"]


def wake(bench: Bench, moment: float, summaries: int) -> None:
    """Starts the relay at that moment for a while; so many summaries have come in all."""
    bench.clock.show(moment)
    bench.start("TZ=Europe/Berlin")
    until(lambda: len(bench.sink.taken) >= summaries, "the summary", 5)
    assert stays(lambda: len(bench.sink.taken) == summaries, 0.2), f"{len(bench.sink.taken)} summaries"
    assert bench.relay.stop() == 0


def test_a_digest_and_an_all_clear_by_the_clock(workshop: Workshop):
    """Five minutes after the storm cap held them back, one mail names the errors; a day of quiet later each is over."""
    relay = workshop.relay(overrides={"window": {"length": "1h", "storm-cap": "2", "all-clear": "yes"}})
    clock = Clock(workshop.folder)
    relay.start(*clock.prefix)

    def inbox() -> list[str]:
        return [path.read_text() for path in sorted(relay.maildir.glob("new/*"))]

    Ledger(relay.port).send([report(f"token-{name}", name) for name in ("apples", "pears", "plums", "cherries")])
    assert [error["awaits_digest"] for error in relay.errors()].count(True) == 2
    clock.jump(301)
    until(lambda: len(inbox()) == 3, "two errors and the digest", 30)
    [digest] = [mail for mail in inbox() if "List-Id: <errors." in mail]
    assert "2 more errors in" in digest and "plums" in digest and "cherries" in digest
    assert not any(error["awaits_digest"] for error in relay.errors())
    # Two mails an hour at most: the other two episodes end without a word.
    clock.jump(DAY + 10)
    until(lambda: len(inbox()) == 5, "two all-clears", 30)
    assert sum("Subject: [quiet " in mail for mail in inbox()) == 2
    assert stays(lambda: len(inbox()) == 5, 0.5)


def test_r6_a_jump_erases_nothing(workshop: Workshop):
    """500 days ahead, for seconds or over a restart: the errors and their kept mails stay (SeenTimeTests: until an hour
    has passed)."""
    relay = workshop.relay()
    clock = Clock(workshop.folder)
    relay.start(*clock.prefix)
    Ledger(relay.port).send([report("token-kept", "apples")])
    [error] = relay.ask("list", "--all")
    assert "token-kept" in relay.ask("show", error["id"])[0]["first_mail"]
    clock.jump(500 * DAY)
    Ledger(relay.port).send([report("token-later", "pears")])
    assert stays(lambda: len(relay.ask("list", "--all")) == 2, 3)
    assert relay.stop() == 0
    relay.start(*clock.prefix)
    assert stays(lambda: "first_mail" in relay.ask("show", error["id"])[0], 3)


def test_samples_go_without_a_mail_that_comes(workshop: Workshop):
    """A kept mail is removed although the relay is idle: it may hold secrets. A restart may span two days."""
    relay = workshop.relay(overrides={"store": {"sample-age": "1d"}})
    clock = Clock(workshop.folder)
    relay.start(*clock.prefix)
    Ledger(relay.port).send([report("token-kept", "apples")])
    [error] = relay.ask("list", "--all")
    assert relay.stop() == 0
    clock.jump(30 * 3600)
    relay.start(*clock.prefix)
    until(lambda: "first_mail" not in relay.ask("show", error["id"])[0], "it is gone", 20)
