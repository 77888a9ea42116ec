"""Several relays and one engine: one mail of each error, and one too many rather than one hidden."""
import json
import re

import pytest

from conftest import Workshop
from peers.clock import Clock
from peers.engine import Engine, Wire
from peers.mails import error_report
from peers.relay import REPOSITORY, Relay
from peers.sink import Sink
from peers.waiting import pause, stays, until
from test_monitoring import metrics, names

pytestmark = pytest.mark.skipif(not Engine.is_there(), reason="redis-server is not installed")


class Fleet:
    """Relays that share an engine, each over a wire of its own, and deliver to one sink."""

    def __init__(self, workshop: Workshop, relays: int = 3, window: str = "1h", prefix: tuple = (), **fleet: str):
        self.engine = Engine(workshop.folder / "engine", prefix=prefix).start()
        workshop.endings.append(self.engine.stop)
        self.sink = workshop.sink()
        self.wires = [Wire(self.engine.port) for _ in range(relays)]
        for wire in self.wires:
            workshop.endings.append(wire.stop)
        self.relays = [
            workshop.relay(self.sink, overrides={
                "window": {"length": window},
                "fleet": {"engine": f"redis://127.0.0.1:{wire.port}/0", "relay": f"web{number}", "patience": "1s",
                          **fleet},
            }).start() for number, wire in enumerate(self.wires)]
        for relay in self.relays:
            until(lambda: "fleet-engine " in relay.output(), "the relay reaches the engine")

    def drain(self) -> None:
        """Waits until no relay has anything to deliver."""
        for relay in self.relays:
            relay.wait_drained(90)

    def totals(self) -> dict[str, int]:
        """The totals of all relays together."""
        sums: dict[str, int] = {}
        for relay in self.relays:
            for name, count in relay.totals().items():
                sums[name] = sums.get(name, 0) + count
        return sums

    def counted(self) -> dict[str, int]:
        """The mails of each error at the engine, by its fingerprint."""
        return {json.loads(fields["i"])["fingerprint"]: sum(
            int(value) for name, value in fields.items() if name.startswith("t:"))
            for fields in self.engine.errors().values() if "i" in fields}


@pytest.fixture
def fleet(workshop: Workshop) -> Fleet:
    """Three relays and an engine, all well."""
    return Fleet(workshop)


def test_one_mail_of_the_fleet(fleet: Fleet):
    """Thirty mails of one error at three relays are one mail, and the counts add up."""
    for number in range(30):
        fleet.relays[number % 3].send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 1
    assert fleet.totals() | {"forwarded": 1, "suppressed": 29, "accepted": 30} == fleet.totals()
    until(lambda: list(fleet.counted().values()) == [30], "the engine counts all thirty")
    held = [sum(int(value) for name, value in fields.items() if name.startswith("s:"))
            for fields in fleet.engine.errors().values()]
    until(lambda: held, "the errors are listed")


def test_the_next_mail_has_the_count_of_the_fleet(workshop: Workshop):
    """After the window one mail leaves, with what all relays held back."""
    fleet = Fleet(workshop, window="5s")
    for number in range(30):
        fleet.relays[number % 3].send(error_report(1))
    fleet.drain()
    until(lambda: list(fleet.counted().values()) == [30], "the engine counts all thirty")
    assert stays(lambda: len(fleet.sink.arrivals) == 1, 5.5)
    for relay in fleet.relays:
        relay.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 2
    second = fleet.sink.arrivals[1].count_headers()
    assert second["Fleet"] == "3 relays"
    assert int(second["Held-Back"]) >= 29 and int(second["Count"]) >= 31
    assert f"{second['Count']}x " in fleet.sink.arrivals[1].subject


def test_different_errors_and_ordinary_mail_are_their_own(fleet: Fleet):
    """What is no error, and what is another error, never waits for the engine's word on this one."""
    for number, relay in enumerate(fleet.relays):
        relay.send(error_report(number))
        relay.send(b"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: order\r\n\r\nHello.\r\n")
    fleet.drain()
    assert len(fleet.sink.arrivals) == 6


def test_without_an_engine_everything_leaves(workshop: Workshop):
    """An engine that is gone delays nothing for longer than the patience; each mail says why there may be two."""
    fleet = Fleet(workshop, patience="50ms")
    fleet.engine.kill()
    for relay in fleet.relays:
        assert relay.send(error_report(1)) < 5
    fleet.drain()
    assert len(fleet.sink.arrivals) == 3
    assert {arrival.count_headers()["Fleet"] for arrival in fleet.sink.arrivals} == {"fleet-away"}
    fleet.engine.start()
    until(lambda: sum(fleet.counted().values()) == 3, "the counts are pushed once it is back", 40)
    for relay in fleet.relays:
        relay.send(error_report(2))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 4


def test_an_engine_that_hangs_costs_the_patience_once(workshop: Workshop):
    """The acknowledgement does not wait for it at all, and what leaves waits once."""
    fleet = Fleet(workshop, relays=1, patience="500ms")
    fleet.engine.pause()
    for number in range(10):
        assert fleet.relays[0].send(error_report(number)) < 0.4
    fleet.sink.wait_for(lambda arrival: True, "all ten", count=10, seconds=5)
    fleet.engine.resume()


def test_a_relay_whose_next_hop_is_down_holds_back_nobody(workshop: Workshop):
    """Its claim is given up with each attempt, so that another relay reports the error; then its own mail is a count."""
    fleet = Fleet(workshop, relays=2)
    dead = workshop.sink()
    dead.answer = "451 4.3.0 later"
    first, second = fleet.relays
    first.overrides["delivery"] = {"smarthost": f"127.0.0.1:{dead.port}"}
    first.write_config()
    first.restart()
    first.send(error_report(1))
    until(lambda: first.queue()[0].get("last_failure"), "the first relay tried")
    second.send(error_report(1))
    fleet.sink.wait_for(lambda arrival: True, "the mail of the second relay", seconds=5)
    first.wait_drained()
    assert len(fleet.sink.arrivals) == 1 and not dead.arrivals
    assert fleet.totals()["suppressed"] == 1


def test_a_rejected_mail_covers_nothing(workshop: Workshop):
    """A mail that its next hop rejects for good opens no window anywhere."""
    fleet = Fleet(workshop, relays=2)
    fleet.sink.answer = "554 5.7.1 no"
    fleet.relays[0].send(error_report(1))
    fleet.relays[0].wait_drained()
    fleet.sink.answer = None
    fleet.relays[1].send(error_report(1))
    fleet.sink.wait_for(lambda arrival: "X-MailDedup-Fingerprint" in arrival.message, "the mail of the other relay")


def test_a_relay_that_died_with_a_claim_holds_back_for_its_lease(workshop: Workshop):
    """Killed while its next hop thinks, it leaves a claim, which ends by itself. The other's mail says that it waits."""
    fleet = Fleet(workshop, relays=2)
    slow = workshop.sink()
    slow.stop()
    first, second = fleet.relays
    with _Silent() as silent:
        first.overrides["delivery"] = {"smarthost": f"127.0.0.1:{silent.port}"}
        first.write_config()
        first.restart()
        first.send(error_report(1))
        until(lambda: any("by" in fields for fields in _claims(fleet.engine)), "the claim is made")
        first.kill()
    second.send(error_report(1))
    until(lambda: any(mail.get("paced_by") == "fleet-waiting" for mail in second.queue()), "it waits")
    assert not fleet.sink.arrivals
    fleet.sink.wait_for(lambda arrival: True, "the mail leaves after the lease", seconds=25)
    first.overrides["delivery"] = {"smarthost": f"127.0.0.1:{fleet.sink.port}"}
    first.write_config()
    first.start()
    first.wait_drained()
    assert len(fleet.sink.arrivals) == 1, "the mail of the one that died is a count by then"


def test_clocks_that_differ_by_hours(workshop: Workshop):
    """No clock of a relay decides: of three that are five hours apart, one mail leaves in each window."""
    fleet = Fleet(workshop, window="5s")
    for number, hours in ((1, 5), (2, -5)):
        folder = workshop.folder / f"clock{number}"
        folder.mkdir()
        clock = Clock(folder)
        clock.jump(hours * 3600)
        assert fleet.relays[number].stop() == 0
        fleet.relays[number].start(*clock.prefix)
        until(lambda number=number: fleet.relays[number].output().count("fleet-engine ") == 2, "it is back")
    for window in (1, 2):
        for number in range(9):
            fleet.relays[number % 3].send(error_report(1))
        fleet.drain()
        assert len(fleet.sink.arrivals) == window
        assert stays(lambda window=window: len(fleet.sink.arrivals) == window, 5.2)


def test_an_engine_whose_clock_is_set_back_hides_nothing(workshop: Workshop):
    """What it says of ages is not believed, and its windows begin anew."""
    folder = workshop.folder / "clock"
    folder.mkdir()
    clock = Clock(folder)
    fleet = Fleet(workshop, relays=2, window="5s", prefix=clock.prefix)
    fleet.relays[0].send(error_report(1))
    fleet.drain()
    clock.jump(-3600)
    until(lambda: any("fleet-clock-set-back" in relay.output() for relay in fleet.relays), "it is noticed", 30)
    pause(5.2)
    fleet.relays[1].send(error_report(1))
    fleet.sink.wait_for(lambda arrival: True, "the mail of the next window", count=2, seconds=5)


def test_relays_are_restarted_one_at_a_time(workshop: Workshop):
    """As for an upgrade: mail goes on at the others, it is one mail, and no count is lost."""
    fleet = Fleet(workshop)
    fleet.relays[0].send(error_report(1))
    fleet.drain()
    for resting in fleet.relays:
        assert resting.stop() == 0
        for relay in fleet.relays:
            if relay is not resting:
                relay.send(error_report(1))
        resting.start()
        resting.send(error_report(1))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 1
    assert fleet.totals()["accepted"] == 10
    until(lambda: list(fleet.counted().values()) == [10], "the engine counts all ten", 30)
    assert len(fleet.relays[0].ask("fleet")[0]["relays"]) == 3, "a store is the same relay after its restart"


def test_sites_that_differ_by_the_machine_become_one(workshop: Workshop):
    """Three machines in the prefix are three sites with a mail each; the lines that `dedupctl fleet` proposes make one."""
    fleet = Fleet(workshop)

    def of_machine(number: int) -> bytes:
        return error_report(1).replace(b"Subject: [Django]", b"Subject: [web%d]" % number, 1)

    for number, relay in enumerate(fleet.relays):
        relay.send(of_machine(number))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 3
    until(lambda: len(fleet.counted()) == 1 and len(fleet.engine.errors()) == 3, "the engine has all three")
    shown = fleet.relays[0].dedupctl("fleet").stdout
    lines = [line for line in shown.splitlines() if line.startswith(("[site ", "match = "))]
    assert lines[1:] == ["match = [web*]"], shown
    for relay in fleet.relays:
        relay.overrides[lines[0].strip("[]")] = {"match": "[web*]"}
        relay.write_config()
        relay.restart()
        until(lambda relay=relay: relay.output().count("fleet-engine ") == 2, "it is back")
    for number, relay in enumerate(fleet.relays):
        relay.send(of_machine(number))
    fleet.drain()
    assert len(fleet.sink.arrivals) == 4, "one of the site that they are now"
    assert "match" not in fleet.relays[0].dedupctl("fleet").stdout


def test_a_relay_alone_joins_machines_too(workshop: Workshop, sink: Sink):
    """`dedupctl doctor` proposes the lines; a reload with them makes one site."""
    relay: Relay = workshop.relay(sink).start()
    mails = [error_report(1).replace(b"Subject: [Django]", b"Subject: [web%d]" % number, 1) for number in (1, 2)]
    for mail in mails:
        relay.send(mail)
    relay.wait_drained()
    assert len(sink.arrivals) == 2
    found = [finding for finding in relay.ask_whatever("doctor") if finding["check"] == "sites"]
    assert found[0]["paste"][1] == "match = [web*]"
    relay.overrides[found[0]["paste"][0].strip("[]")] = {"match": "[web*]"}
    relay.write_config()
    assert relay.dedupctl("reload").returncode == 0
    for mail in mails * 2:
        relay.send(mail)
    relay.wait_drained()
    assert len(sink.arrivals) == 3
    entry = [error for error in relay.errors() if error["subject_prefix"] == "(match)"]
    assert [error["total"] for error in entry] == [4]


def test_the_metrics_of_a_fleet(workshop: Workshop):
    """The manual names those that a relay of a fleet has, and alerts ask for no others."""
    fleet = Fleet(workshop, relays=1)
    found = {name for name in names(metrics(fleet.relays[0])) if name.startswith("maildedup_fleet_")}
    for path, is_complete in (("docs/monitoring.md", True), ("packaging/prometheus/maildedup.rules.yml", False)):
        named = set(re.findall(r"maildedup_fleet_[a-z_]+", (REPOSITORY / path).read_text()))
        assert named == found if is_complete else named and named <= found, path


def test_off_nothing_is_connected(workshop: Workshop, sink: Sink):
    """Without [fleet] there is no thread, no connection and no field more."""
    relay: Relay = workshop.relay(sink).start()
    relay.send(error_report(1))
    arrival = sink.wait_for(lambda arrival: True, "the mail")[0]
    assert "X-MailDedup-Fleet" not in arrival.message and "fleet" not in relay.output()


def _claims(engine: Engine) -> list[dict[str, str]]:
    return [engine.error(name) for name in engine.ask("KEYS", "maildedup:main:e:*")]


class _Silent:
    """A next hop that accepts connections and never says a word."""

    def __enter__(self):
        import socket
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        return self

    def __exit__(self, *_):
        self._server.close()
