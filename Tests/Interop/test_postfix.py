"""A real Postfix on either side of the relay."""
import os
from pathlib import Path

import pytest

from conftest import Workshop
from peers import postfix, secrets
from peers.door import open_door
from peers.mails import AWKWARD, RECIPIENTS, SENDER
from peers.postfix import Postfix
from peers.sink import Sink
from peers.waiting import stays

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Postfix runs as root only: run these tests as root")

GONE = "gone@shop.example"


def instance(workshop: Workshop, relay_port: int, **settings: str) -> Postfix:
    """A running Postfix that is gone with the test."""
    made = Postfix(relay_port, **settings)
    workshop.endings.append(made.remove)
    return made.start()


def exactly(sink: Sink, count: int) -> list:
    """So many mails come, each once, and no more."""
    arrivals = sink.wait_for(lambda arrival: True, "all mails", count=count, seconds=40)
    assert stays(lambda: len(sink.arrivals) == count, 0.5)
    assert len({arrival.message["Message-ID"] for arrival in arrivals}) == count
    return arrivals


@pytest.mark.parametrize("level, transmission", [("none", "ESMTP"), ("encrypt", "ESMTPS"), ("secure", "ESMTPS")])
def test_postfix_sends_through_the_relay(workshop: Workshop, tmp_path: Path, level: str, transmission: str):
    """A site whose mails go to the Postfix of its machine first: 50 of them, in plain text and over STARTTLS."""
    door = open_door(workshop, tmp_path, networks="127.0.0.0/8")
    client = instance(workshop, door.relay.port, smtp_tls_security_level=level, smtp_tls_CAfile=str(door.cert))
    postfix.smtp_source(client.port, mails=50, sessions=5, sender=SENDER, recipient=RECIPIENTS[0])
    for arrival in exactly(door.sink, 50):
        assert f"(MailDedup) with {transmission} id " in " ".join(str(arrival.message["Received"]).split())
    assert door.relay.totals()["accepted"] == 50


@pytest.fixture(params=["plain", "starttls"])
def upstream(request, workshop: Workshop, sink: Sink, tmp_path: Path) -> tuple[Postfix, dict[str, str]]:
    """Postfix as the smarthost, before a sink; and how the relay has to speak to it."""
    refuse = {"smtpd_recipient_restrictions": "check_recipient_access "
              f"inline:{{ {{ {GONE} = REJECT 5.1.1 no such admin }} }}, permit_mynetworks, reject"}
    if request.param == "plain":
        return instance(workshop, sink.port, **refuse), {"tls": "none"}
    cert, key = secrets.certificate(tmp_path)
    tls = {"smtpd_tls_security_level": "encrypt", "smtpd_tls_cert_file": str(cert), "smtpd_tls_key_file": str(key)}
    return instance(workshop, sink.port, **refuse, **tls), {"tls": "require", "ca-file": str(cert)}


@pytest.fixture
def relay(workshop: Workshop, upstream):
    """The relay before that Postfix."""
    server, delivery = upstream
    return workshop.relay(overrides={"delivery": {"smarthost": f"127.0.0.1:{server.port}", **delivery}}).start()


def numbered(count: int) -> list[bytes]:
    """The awkward mail so many times, each with a Message-ID of its own."""
    return [AWKWARD.replace(b"<awkward@", b"<awkward-%d@" % number) for number in range(count)]


def test_mail_arrives_behind_postfix_as_it_was_sent(relay, sink: Sink):
    """What comes out behind Postfix is, below the trace, what went into the relay."""
    mails = numbered(10)
    for mail in mails:
        relay.send(mail)
    assert sorted(arrival.below_trace for arrival in exactly(sink, len(mails))) == sorted(mails)


def test_postfix_refuses_one_of_two(relay, sink: Sink):
    """The other one gets the mail, and the sender one bounce, which speaks of the refused one only."""
    relay.send(AWKWARD, SENDER, RECIPIENTS[0], GONE)
    relay.wait_drained()
    arrivals = exactly(sink, 2)
    [mail] = [arrival for arrival in arrivals if arrival.sender == SENDER]
    [bounce] = [arrival for arrival in arrivals if arrival.sender == "<>"]
    assert (mail.recipients, mail.below_trace) == (RECIPIENTS[:1], AWKWARD)
    assert bounce.recipients == [SENDER]
    [report] = [part for part in bounce.message.walk() if part.get_content_type() == "message/delivery-status"]
    fields = [block for block in report.get_payload() if block["Final-Recipient"]]
    assert [block["Final-Recipient"].split(";")[1].strip() for block in fields] == [GONE]
    assert fields[0]["Status"] == "5.1.1" and "no such admin" in fields[0]["Diagnostic-Code"]


def test_postfix_is_down_for_a_while(relay, upstream, sink: Sink):
    """Mail is taken at once, waits, and arrives when Postfix is back."""
    server, _ = upstream
    server.stop()
    mails = numbered(10)
    assert max(relay.send(mail) for mail in mails) < 1.0
    assert len(relay.queue()) == len(mails)
    server.start()
    assert sorted(arrival.below_trace for arrival in exactly(sink, len(mails))) == sorted(mails)
