"""What an admin says on one relay of a fleet holds on all of them."""
import pytest

from conftest import Workshop
from peers.engine import Engine
from peers.mails import error_report
from peers.relay import Relay
from peers.waiting import stays, until
from test_fleet import Fleet

pytestmark = pytest.mark.skipif(not Engine.is_there(), reason="redis-server is not installed")


@pytest.fixture
def fleet(workshop: Workshop) -> Fleet:
    """Three relays that have seen an error each, of which one mail left."""
    fleet = Fleet(workshop)
    for relay in fleet.relays:
        relay.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 1
    return fleet


def id_of(relay: Relay, number: int = 0) -> str:
    """The id of an error, the one seen last first."""
    return relay.errors()[number]["id"]


def place_of(relay: Relay, step: str) -> str:
    """The id of the error that was raised in a function."""
    return [row["id"] for row in relay.errors() if step in row["place"]][0]


def say(relay: Relay, *words: str) -> None:
    """An admin says something, and it is done."""
    done = relay.dedupctl(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def silences(relay: Relay) -> list[dict]:
    """The silences in effect."""
    return relay.ask_whatever("silence", "list")


def news(relay: Relay, count: int) -> None:
    """Waits until a relay has heard so often from others."""
    until(lambda: relay.output().count("fleet-records ") >= count, "it hears of it", 10)


def test_a_silence_holds_everywhere_and_its_end_too(fleet: Fleet):
    """Also for an error that a relay has not seen yet: not even its first mail leaves."""
    first, second, third = fleet.relays
    first.send(error_report(2))
    first.wait_drained()
    say(first, "silence", "add", place_of(first, "step_ac"), "--until-resolved", "--reason", "deploy")
    until(lambda: silences(second) and silences(third), "it holds on the others", 10)
    second.send(error_report(2))
    third.send(error_report(2))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    assert [relay.errors()[0]["last_reason"] for relay in (second, third)] == ["silenced"] * 2
    shown = silences(third)[0]
    assert shown["reason"] == "deploy" and "step_ac" in str(shown)
    say(third, "silence", "expire", str(shown["id"]))
    until(lambda: not silences(first) and not silences(second), "its end holds on the others", 10)


def test_a_silence_that_counts_ends_everywhere(fleet: Fleet):
    """The relay that counted its mails ends it for all."""
    first, second, _ = fleet.relays
    say(first, "silence", "add", id_of(first), "--mails", "2")
    until(lambda: silences(second), "it holds on the other", 10)
    for _ in range(3):
        second.send(error_report(1))
    until(lambda: not silences(first), "its end holds on the first", 10)


def test_a_pass_makes_one_mail(fleet: Fleet):
    """"Send me the next one" is one mail, from the relay that gets it, and the others forget the wish."""
    first, second, third = fleet.relays
    say(first, "pass", id_of(first))
    news(second, 1)
    news(third, 1)
    for relay in fleet.relays:
        relay.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    until(lambda: "answers" in str(fleet.engine.ask("HVALS", "maildedup:main:records")), "the wish is granted", 10)
    for relay in fleet.relays:
        relay.send(error_report(1))
    fleet.drain()
    assert stays(lambda: len(fleet.sink.arrivals) == 2, 1)


def test_a_pass_is_used_by_whoever_gets_the_next_mail(fleet: Fleet):
    """Said on a relay that gets no more mail, it lets one of another relay pass."""
    first, second, third = fleet.relays
    say(first, "pass", id_of(first))
    news(third, 1)
    third.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    # Twice: the wish, and that it was granted.
    news(second, 2)
    news(first, 1)
    for relay in (first, second):
        relay.send(error_report(1))
    fleet.drain()
    assert stays(lambda: len(fleet.sink.arrivals) == 2, 1)


def test_a_resolved_error_comes_back_once(fleet: Fleet):
    """The regression is one mail, whichever relay sees it first, within the window of the mail before."""
    first, second, third = fleet.relays
    say(second, "resolve", id_of(second))
    news(first, 1)
    news(third, 1)
    for relay in fleet.relays:
        relay.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    assert fleet.sink.arrivals[1].count_headers()["Reason"] == "regression"


def test_merges_and_splits_hold_everywhere(fleet: Fleet):
    """Two errors are one on all relays, also on one that sees them later, and then two again."""
    first, second, third = fleet.relays
    for relay in (first, second):
        relay.send(error_report(2))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    whole, part = place_of(first, "step_ab"), place_of(first, "step_ac")
    say(first, "merge", whole, part)
    news(second, 1)
    news(third, 1)
    for relay in (second, third):
        relay.send(error_report(2))
        relay.wait_drained()
    assert len(fleet.sink.arrivals) == 2
    for relay, mails in ((second, 3), (third, 2)):
        assert [row["total"] for row in relay.errors() if row["total"]] == [mails]
    say(second, "split", whole)
    news(first, 1)
    news(third, 2)
    first.send(error_report(2))
    third.send(error_report(2))
    fleet.drain()
    assert [row["total"] for row in third.errors()] == [1, 2]
    # Their window is the one of the mail that left before they were merged.
    assert len(fleet.sink.arrivals) == 2


def test_while_the_engine_is_away(fleet: Fleet):
    """Silence, resolve and pass hold here at once and on the others later; merge and split are refused and say why."""
    first, second, third = fleet.relays
    first.send(error_report(2))
    first.wait_drained()
    fleet.engine.kill()
    whole, part = place_of(first, "step_ab"), place_of(first, "step_ac")
    say(first, "silence", "add", whole, "--until-resolved")
    say(second, "silence", "add", "--title", "Nope*")
    say(second, "resolve", id_of(second))
    for words in (["merge", whole, part], ["split", whole]):
        done = first.dedupctl(*words)
        assert done.returncode != 0 and "the engine of the fleet does not answer" in done.stderr, done
    assert {row["id"] for row in first.errors()} == {whole, part}
    fleet.engine.start()
    until(lambda: [len(silences(relay)) for relay in fleet.relays] == [2] * 3, "all hold on all", 40)
    heard = third.output().count("fleet-records ")
    say(first, "merge", whole, part)
    news(third, heard + 1)
    third.send(error_report(2))
    third.wait_drained()
    assert third.errors()[0]["last_reason"] == "silenced"


def test_the_engine_forgets_and_the_relays_remember(fleet: Fleet):
    """After FLUSHALL all records come back, and a later word still wins over an earlier one."""
    first, second, third = fleet.relays
    say(first, "silence", "add", id_of(first))
    until(lambda: silences(third), "it holds on the others", 10)
    fleet.wires[2].cut()
    shown = silences(second)
    say(second, "silence", "expire", str(shown[0]["id"]))
    until(lambda: not silences(first), "its end holds on the first", 10)
    fleet.engine.ask("FLUSHALL")
    fleet.wires[2].heal()
    until(lambda: not silences(third), "the one that was cut off learns of the end", 40)
    assert not silences(first) and not silences(second)


def test_show_of_the_fleet(fleet: Fleet):
    """Any relay shows an error of any other, with the counts of each and what was said of it."""
    first, second, third = fleet.relays
    for _ in range(3):
        first.send(error_report(2))
    second.send(error_report(2))
    fleet.drain()
    error = place_of(first, "step_ac")
    say(second, "silence", "add", error, "--mails", "7", "--author", "ann", "--reason", "deploy")
    until(lambda: silences(third), "it holds on the others", 10)
    until(lambda: sorted(fleet.counted().values()) == [3, 4], "the engine counts all", 15)
    detail = third.ask("show", "--fleet", error)[0]
    assert detail["counts"] == [{"relay": "web0", "suppressed": 2, "total": 3},
                                {"relay": "web1", "suppressed": 1, "total": 1}], detail
    assert detail["entry"]["total"] == 4 and "step_ac" in detail["entry"]["place"]
    assert detail["said"] == ["silenced for 7 mails by ann: deploy"]
    shown = third.dedupctl("show", "--fleet", error).stdout
    assert all(word in shown for word in ("KeyError", "4 mails at 2 stores, 3 held back", "web0", "Said: silenced")), shown
    nothing = third.dedupctl("show", "--fleet", "ffffffff")
    assert nothing.returncode == 3 and "knows no error" in nothing.stderr


def test_a_relay_that_joins_learns_all_and_brings_its_own(workshop: Workshop):
    """Silences of the time before there was a fleet hold on all once it is turned on."""
    fleet = Fleet(workshop, relays=2)
    first, second = fleet.relays
    alone = dict(second.overrides.pop("fleet"))
    second.write_config()
    second.restart()
    say(second, "silence", "add", "--title", "Mine*")
    say(first, "silence", "add", "--title", "Theirs*")
    assert stays(lambda: len(silences(first)) == 1 and len(silences(second)) == 1, 2)
    second.overrides["fleet"] = alone
    second.write_config()
    second.restart()
    until(lambda: len(silences(first)) == 2 and len(silences(second)) == 2, "both hold on both", 15)
