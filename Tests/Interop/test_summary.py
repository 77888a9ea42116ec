"""The summary on demand, and one for each site."""
import pytest

from conftest import Workshop
from peers.ledger import report
from peers.relay import Relay

SHOP, BLOG = "[Shop]", "[Blog]"


@pytest.fixture
def two_sites(workshop: Workshop, sink) -> Relay:
    """A relay with three mails of one error of the shop, one of its staging twin, and one of another error of a blog."""
    relay = workshop.relay(sink, overrides={"summary": {"split": "site"}}).start()
    for number in range(3):
        relay.send(report(f"shop-{number}", "storm").data, "django@shop.example", "admins@shop.example")
    blog = report("blog", "quote").data.replace(SHOP.encode(), BLOG.encode())
    relay.send(blog, "django@blog.example", "editors@blog.example")
    relay.send(report("twin", "storm").data.replace(SHOP.encode(), b"[Twin]"), "django@twin.example", "twins@shop.example")
    relay.wait_drained()
    return relay


def preview(relay: Relay, *options: str) -> str:
    """What `dedupctl summary` prints."""
    done = relay.dedupctl("summary", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_error_of_two_sites_is_one_entry(two_sites: Relay):
    """With both sites named and all mails counted."""
    text = preview(two_sites)
    assert "Subject: [MailDedup] 2 errors (2 new), 2 mails held back" in text
    assert "Needs attention: 2" in text and text.count("ZeroDivisionError") == 2
    assert "[Shop] 3, [Twin] 1" in text and "4 arrived (80 %), 2 held back" in text


def test_the_summary_of_a_site_has_no_error_of_another(two_sites: Relay):
    """Whether the relay runs or its store is read."""
    for is_running in (True, False):
        if not is_running:
            two_sites.stop()
        text = preview(two_sites, "--site", BLOG, "--weekly")
        assert f"Subject: [MailDedup] Week: {BLOG}: 1 error (1 new), nothing held back" in text
        assert "quote/views.py" in text and "storm/views.py" not in text
    done = two_sites.dedupctl("summary", "--site", "blog")
    assert done.returncode == 3
    assert 'no error mail of the site "blog" is known; there are: [Blog], [Shop], [Twin]' in done.stderr


def test_each_site_gets_its_own(two_sites: Relay, sink):
    """`--send` as the daily one would be; with `--site` only one of them."""
    done = two_sites.dedupctl("summary", "--send", "--days", "3")
    assert done.returncode == 0 and done.stdout.count("Queued as ") == 3, done.stdout + done.stderr
    assert two_sites.dedupctl("summary", "--send", "--site", BLOG).stdout.count("Queued as ") == 1
    two_sites.wait_drained()
    summaries = sink.matching(lambda arrival: arrival.subject.startswith("[MailDedup]"))
    told = sorted((arrival.recipients, "storm/" in str(arrival.message), "quote/" in str(arrival.message))
                  for arrival in summaries)
    blog = (["editors@blog.example"], False, True)
    assert told == [(["admins@shop.example"], True, False), blog, blog, (["twins@shop.example"], True, False)]


def test_wrong_usage_is_told(relay: Relay):
    """Before anything is asked."""
    for options in (["--days", "0"], ["--days", "401"], ["--days", "2", "--weekly"], ["--send", "--preview"]):
        assert relay.dedupctl("summary", *options).returncode == 2, options
