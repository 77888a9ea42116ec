"""A provider is kept quiet: rejections, limits, routes, senders, and a full disk."""
import re
import smtplib
import time
from pathlib import Path

from conftest import Workshop
from peers.mails import error_report
from peers.sink import Sink
from peers.waiting import until


def letter(number: int) -> bytes:
    """An ordinary mail."""
    return f"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: letter {number}\r\n\r\nHello.\r\n".encode()


class Counting(Sink):
    """A smarthost that counts what it is offered."""

    def __init__(self):
        super().__init__()
        self.offered: list[tuple[str, list[str]]] = []

    async def handle_DATA(self, server, session, envelope):
        self.offered.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return await super().handle_DATA(server, session, envelope)


def counting(workshop: Workshop) -> Counting:
    """One that listens."""
    sink = Counting().start()
    workshop.endings.append(sink.stop)
    return sink


def test_a_provider_that_rejects_everything(workshop: Workshop):
    """1,000 reports of one error: at most 10 submissions, exact counts, and the admin can see why."""
    sink = counting(workshop)
    sink.answer = "550 5.7.1 we think this is spam"
    relay = workshop.relay(sink, overrides={"delivery": {"postmaster": "postmaster@shop.example"}}).start()
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as client:
        for number in range(1000):
            client.sendmail("django@shop.example", ["admins@shop.example"], error_report(1))
            if number < 20:
                time.sleep(0.05)
    relay.wait_drained()
    totals = relay.totals()
    assert totals["accepted"] == 1000 and totals["forwarded"] + totals["suppressed"] == 1000
    assert totals["forwarded"] == len(sink.offered) <= 10, sink.offered
    [error] = relay.errors()
    assert error["total"] == 1000 and error["suppressed"] == totals["suppressed"]
    [rejecting] = relay.status()["daemon"]["rejecting"]
    assert rejecting["mails"] == len(sink.offered) and "we think this is spam" in rejecting["reason"]
    assert "Rejecting" in relay.dedupctl("status").stdout
    assert relay.output().count("next-hop-rejects") == 1
    # What it takes again ends that.
    sink.answer = None
    assert relay.dedupctl("pass", error["id"]).returncode == 0
    relay.send(error_report(1))
    [arrival] = sink.wait_for(lambda arrival: True, "the report")
    assert arrival.count_headers()["Reason"] == "requested"
    assert int(arrival.count_headers()["Held-Back"]) >= 990
    until(lambda: "rejecting" not in relay.status()["daemon"], "nothing is rejected any more")


def test_limits(workshop: Workshop):
    """Never more than the rate, ordinary mail first, and what waits says when it leaves; also after a kill."""
    sink = counting(workshop)
    relay = workshop.relay(sink, overrides={"delivery": {"rate": "20/min", "daily": "1000"}}).start()
    for number in range(30):
        relay.send(letter(number), "a@shop.example", "b@customer.example")
    relay.send(error_report(1))
    until(lambda: len(sink.offered) == 20, "the first minute's mail is there")
    until(lambda: sum("paced_by" in mail for mail in relay.queue()) == 11, "the others wait")
    waiting = relay.queue()
    assert all(mail["paced_by"].startswith("20/min") or mail["kind"] == "report" for mail in waiting), waiting
    assert all(mail["attempts"] == 0 for mail in waiting)
    [pacing] = relay.status()["daemon"]["pacing"]
    assert pacing["of_period"] == 20 and pacing["of_day"] == 20 and pacing["waiting"] == 11 and pacing["last_leaves"]
    assert re.search(r"Limits .*20 of 20/min, 20 of 1000 within 24 h, 11 mails wait", relay.dedupctl("status").stdout)
    relay.kill()
    relay.start()
    time.sleep(3)
    assert len(sink.offered) == 20, "a restart forgets nothing"


def test_a_burst_of_new_errors(workshop: Workshop):
    """What the day has no room for is told in one digest and not queued mail by mail; ordinary mail goes at once."""
    sink = counting(workshop)
    relay = workshop.relay(sink, overrides={"delivery": {"daily": "40"}}).start()
    for number in range(25):
        relay.send(error_report(number))
        relay.send(letter(number), "a@shop.example", "b@customer.example")
    until(lambda: sum(to == ["b@customer.example"] for _, to in sink.offered) == 25, "all ordinary mail is there")
    reports = [mail for mail in relay.queue() if mail["kind"] == "report"]
    assert len(reports) + len(sink.offered) - 25 == 2, "half of the tenth of the day"
    assert relay.totals()["suppressed"] == 23
    assert len(relay.errors()) == 25, "each is known, and named in the digest"


def test_routes_and_senders(workshop: Workshop):
    """Reports go by their own route and sender, a split mail reaches both sides, root@localhost is replaced."""
    sink, errors = counting(workshop), counting(workshop)
    relay = workshop.relay(sink, overrides={
        "delivery": {"sender-rewrite": "relay+@example.org"},
        "route errors": {
            "kind": "reports", "smarthost": f"127.0.0.1:{errors.port}", "envelope-sender": "errors@example.org"},
        "route partner": {"recipient": "partner.example", "smarthost": f"127.0.0.1:{errors.port}"}})
    assert relay.check_config().returncode == 0, relay.check_config().stderr
    relay.start()
    relay.send(error_report(1), "root@localhost")
    errors.wait_for(lambda arrival: arrival.sender == "errors@example.org", "the report")
    relay.send(letter(1), "root@localhost", "b@customer.example", "c@partner.example")
    [one] = sink.wait_for(lambda arrival: True, "the customer's part")
    assert (one.sender, one.recipients) == ("relay+root=localhost@example.org", ["b@customer.example"])
    [other] = errors.wait_for(lambda arrival: "c@partner.example" in arrival.recipients, "the partner's part")
    assert other.recipients == ["c@partner.example"]
    # A bounce that comes back through the relay finds its way.
    relay.send(letter(2), "", "relay+shop=example.com@example.org")
    sink.wait_for(lambda arrival: arrival.recipients == ["shop@example.com"], "the bounce")
    routes = relay.status()["daemon"]["routes"]
    assert [route["name"] for route in routes] == ["errors", "partner"]
    assert "errors: 127.0.0.1" in relay.dedupctl("status").stdout
    assert "[route errors]" in relay.dedupctl("test-upstream").stdout
    # A reload sends them another way.
    relay.overrides["route errors"]["smarthost"] = f"127.0.0.1:{sink.port}"
    relay.write_config()
    assert relay.dedupctl("reload").returncode == 0, relay.output()
    relay.send(error_report(2), "root@localhost")
    sink.wait_for(lambda arrival: arrival.sender == "errors@example.org", "the report on its new way")


def test_a_wrong_route_is_named(workshop: Workshop):
    """`maildedup --check-config` says what is wrong and where."""
    relay = workshop.relay(None, overrides={"route errors": {"kind": "report", "smarthost": "x:25"}})
    done = relay.check_config()
    assert done.returncode != 0 and "[route errors] kind:" in done.stdout + done.stderr


def test_a_full_disk_deduplicates(workshop: Workshop, sink: Sink, small_disk: Path):
    """36 mails of 3 new errors are 3 mails and exact counts, and one mail tells of the disk."""
    relay = workshop.relay(
        sink, store=small_disk / "store", overrides={
            "store": {"spool": str(small_disk / "spool")},
            "delivery": {"postmaster": "postmaster@shop.example"}}).start()
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    for round_ in range(12):
        for number in range(3):
            relay.send(error_report(number))
    reports = sink.wait_for(lambda arrival: "ERROR" in arrival.subject, "the reports", 3)
    assert len(reports) == 3 and all(arrival.count_headers()["Reason"] == "first" for arrival in reports)
    sink.wait_for(lambda arrival: re.search("the disk on .* is full", arrival.subject), "the mail that tells of it")
    trouble = relay.status()["daemon"]["trouble"]
    assert trouble["counted"] == 33 and trouble["cut_through"] == 3 and trouble["disk_full_since"]
    filler.unlink()
    until(lambda: relay.totals()["accepted"] == 36, "the counts are imported", 30)
    totals = relay.totals()
    assert (totals["forwarded"], totals["suppressed"]) == (3, 33)
    assert sorted(error["total"] for error in relay.errors()) == [12, 12, 12]
    relay.send(error_report(1))
    assert relay.totals()["suppressed"] == 34
    assert len(sink.matching(lambda arrival: re.search("the disk on .* is full", arrival.subject))) == 1
