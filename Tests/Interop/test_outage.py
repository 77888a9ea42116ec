"""The story: PostgreSQL has no slot left, every page of a Django site fails, and the admins get one mail."""
import re
from dataclasses import dataclass

import pytest

from conftest import Workshop, logged_in
from peers.relay import Relay
from peers.sink import Arrival, Sink
from peers.storefront import Browser, Ledger, Storm


def is_outage(arrival: Arrival) -> bool:
    """Whether a mail tells of the outage."""
    return "connection slots" in arrival.text or "too many clients" in arrival.text


def is_quote_error(arrival: Arrival) -> bool:
    """Whether a mail tells of the other bug."""
    return "/quote/" in arrival.subject


def is_reset(arrival: Arrival) -> bool:
    """Whether a mail lets the customer choose a new password."""
    return arrival.recipients == ["anna@customer.example"]


@dataclass
class Outage:
    """What was left behind by the storm."""

    relay: Relay
    sink: Sink
    ledger: Ledger
    in_the_middle: list[bool]


@pytest.fixture(scope="module")
def outage(postgres, peers: Workshop) -> Outage:
    """One storm over ten entry points of the web server and a management command, with two other mails inside it."""
    sink = peers.sink()
    relay = peers.relay(sink).start()
    site = peers.site(postgres, relay.port)
    server = site.serve(threads=8)
    # This one has its connection already, as a site with persistent connections has: it goes on working.
    survivor = site.serve(threads=1, STOREFRONT_DB_CONNECTIONS="keep")
    customer = logged_in(server)
    forgetful = Browser(survivor)
    assert forgetful.get("/search/") == 200
    outage = Outage(relay, sink, site.ledger, [])

    def other_mail():
        assert Browser(server).get("/quote/?pieces=0") == 500
        assert forgetful.submit("/accounts/password_reset/", email="anna@customer.example") == 200
        sink.wait_for(is_quote_error, "the second error", seconds=10)
        sink.wait_for(is_reset, "the password reset", seconds=10)
        outage.in_the_middle.append(True)
        postgres.exhaust_reserved()

    postgres.exhaust()
    try:
        Storm(site, server, customer).blow(rounds=8, in_between=other_mail)
    finally:
        postgres.release()
    sink.wait_for(is_outage, "the outage")
    # Every request and every run of the command fails once; the threads of the refresh outlive their request.
    site.wait_acknowledged(8 * len(Storm.ENTRY_POINTS) + 2 * 3 + 2)
    relay.wait_drained()
    site.stop()
    return outage


def errors_sent(outage: Outage) -> list[bytes]:
    """The acknowledged mails to the admins about the outage."""
    return outage.ledger.sent(lambda raw: b"OperationalError" in raw and b"admins@shop.example" in raw)


def test_the_storm_is_a_storm(outage):
    """Dozens of mails of all entry points, with both texts of PostgreSQL, were acknowledged."""
    mails = [Arrival("", [], raw) for raw in errors_sent(outage)]
    places = {re.sub(r"\d+", "N", mail.subject) for mail in mails}
    assert len(mails) >= 80
    assert len(places) == len(Storm.ENTRY_POINTS) + 1, places
    assert any("connection slots" in mail.text for mail in mails)
    assert any("too many clients" in mail.text for mail in mails)


def test_exactly_one_outage_mail_arrives(outage):
    """Whatever the outage hit first, it is one error."""
    assert len(outage.sink.matching(is_outage)) == 1


def test_only_what_was_meant_to_arrive_does(outage):
    """The outage, the second error, the password reset: nothing else."""
    assert len(outage.sink.arrivals) == 3, [arrival.subject for arrival in outage.sink.arrivals]


def test_the_counts_add_up_to_what_was_acknowledged(outage):
    """Forwarded, passed and suppressed together are what Django was told 250 for."""
    totals = outage.relay.totals()
    acknowledged = len(outage.ledger.ids("acknowledged"))
    assert outage.ledger.ids("failed") == []
    assert totals["accepted"] == acknowledged
    assert totals["passed"] + totals["doubtful"] + totals["forwarded"] + totals["suppressed"] == acknowledged
    assert (totals["passed"], totals["doubtful"], totals["forwarded"]) == (1, 0, 2)


def test_the_list_shows_the_outage_with_its_count(outage):
    """`dedupctl list` tells how many mails were held back and in all."""
    errors = outage.relay.errors()
    assert len(errors) == 2
    [shown] = outage.relay.ask("list")
    largest = max(errors, key=lambda error: error["total"])
    sent = len(errors_sent(outage))
    assert (largest["total"], largest["suppressed"], largest["held_back"]) == (sent, sent - 1, sent - 1)
    assert "OperationalError" in largest["error"]
    assert shown == largest, "the list shows that of which mails were held back"


def test_a_second_error_arrives_at_once(outage):
    """A different bug raised in the middle of the storm is not hidden by it."""
    assert outage.in_the_middle
    assert len(outage.sink.matching(is_quote_error)) == 1


def test_a_password_reset_arrives_byte_for_byte(outage):
    """Mail that is no error report is what Django sent, below our trace header fields."""
    [arrival] = outage.sink.matching(is_reset)
    [sent] = outage.ledger.sent(lambda raw: b"anna@customer.example" in raw and b"To: admins" not in raw)
    assert arrival.below_trace == sent
    assert arrival.raw != sent, "there is no trace header field at all"


def test_the_first_mail_keeps_its_body(outage):
    """The outage mail is the one that Django sent first or beside the first, its body untouched."""
    [arrival] = outage.sink.matching(is_outage)
    [sent] = outage.ledger.sent(lambda raw: Arrival("", [], raw).message["Message-ID"] == arrival.message["Message-ID"])
    assert arrival.body == sent.split(b"\r\n\r\n", 1)[1]
    assert arrival.subject == Arrival("", [], sent).subject, "nothing was held back before it"


def test_the_envelope_is_that_of_django(outage):
    """Sender and recipients go on as they came."""
    [arrival] = outage.sink.matching(is_outage)
    assert (arrival.sender, arrival.recipients) == ("django@shop.example", ["admins@shop.example"])


def test_the_summary_tells_of_the_outage(outage):
    """`dedupctl summary --preview` mentions it with its count; `--send` puts it into the inbox, as text and HTML."""
    count = str(len(errors_sent(outage)))
    preview = outage.relay.dedupctl("summary", "--preview")
    assert preview.returncode == 0, preview.stderr
    assert "OperationalError" in preview.stdout and count in preview.stdout
    sent = outage.relay.dedupctl("summary", "--send")
    assert sent.returncode == 0, sent.stderr
    arrivals = outage.sink.wait_for(lambda arrival: True, "the summary", count=4)
    mail = arrivals[-1]
    assert mail.recipients == ["admins@shop.example"]
    kinds = {part.get_content_type(): part.get_content() for part in mail.message.walk() if not part.is_multipart()}
    assert set(kinds) == {"text/plain", "text/html"}
    for content in kinds.values():
        assert "OperationalError" in content and count in content
