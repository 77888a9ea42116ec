"""When the same error is told again, and to whom."""
from conftest import Workshop
from peers.sink import Arrival
from peers.storefront import Browser
from peers.waiting import stays, until


def is_quote_error(arrival: Arrival) -> bool:
    """Whether a mail tells of the bug in the quotes."""
    return "/quote/" in arrival.subject


def fail(server, times: int = 1) -> None:
    """Runs into the bug in the quotes."""
    for n in range(times):
        assert Browser(server).get(f"/quote/?pieces=0&n={n}") == 500


def test_the_count_reaches_the_inbox_when_the_window_is_over(postgres, workshop: Workshop):
    """The first after the window arrives with how many were held back, how many in all, and since when."""
    sink = workshop.sink()
    relay = workshop.relay(sink, overrides={"window": {"length": "6s"}}).start()
    site = workshop.site(postgres, relay.port)
    server = site.serve()
    fail(server, times=5)
    [first] = sink.wait_for(is_quote_error, "the first")
    [error] = relay.errors()
    assert (error["total"], error["held_back"]) == (5, 4)
    until(lambda: relay.errors()[0].get("window_end") is None, "the window is over")
    fail(server)
    [_, again] = sink.wait_for(is_quote_error, "the first after the window", count=2)

    counts = again.count_headers()
    assert counts["Held-Back"] == "4" and counts["Count"] == "6"
    assert counts["Reason"] == "window-elapsed"
    assert counts["Fingerprint"] == first.count_headers()["Fingerprint"] == error["fingerprint"]
    assert "storefront.settings.production" in counts["Site"]
    assert counts["Since"]
    added = again.subject.replace(first.subject.split("?")[0], "")
    assert added == f"[6x {error['id']}] ", again.subject
    sent = site.ledger.raw(site.ledger.ids("acknowledged")[-1])
    assert again.body == sent.split(b"\r\n\r\n", 1)[1]
    [error] = relay.errors()
    assert (error["total"], error["held_back"], error["suppressed"]) == (6, 0, 4)


def test_staging_does_not_hide_production(postgres, workshop: Workshop):
    """The same bug in two deployments that share relay and ADMINS is told twice, and counted apart."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    staging = workshop.site(postgres, relay.port, settings="staging",
                            environment={"STOREFRONT_SUBJECT_PREFIX": "[Staging] "})
    production = workshop.site(postgres, relay.port)
    fail(staging.serve(), times=3)
    sink.wait_for(is_quote_error, "the error of staging")
    fail(production.serve(), times=2)
    both = sink.wait_for(is_quote_error, "the error of production", count=2)
    assert [arrival.subject.split("]")[0] for arrival in both] == ["[Staging", "[Storefront"]
    counted = {error["site"]: error["total"] for error in relay.errors()}
    assert counted == {"storefront.settings.staging": 3, "storefront.settings.production": 2}


def test_two_sites_that_differ_only_in_their_envelope(postgres, workshop: Workshop):
    """Two shops run by the same code, each with admins of its own, never hide each other."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    for name in ("north", "south"):
        shop = workshop.site(postgres, relay.port, environment={"STOREFRONT_ADMINS": f"{name}@shop.example"})
        fail(shop.serve(), times=2)
    arrivals = sink.wait_for(is_quote_error, "one mail for each", count=2)
    assert [arrival.recipients for arrival in arrivals] == [["north@shop.example"], ["south@shop.example"]]
    assert stays(lambda: len(sink.arrivals) == 2, 0.5)


def test_html_reports_are_the_same_error(postgres, workshop: Workshop):
    """With include_html the mail is multipart; it joins the window of the plain ones."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    plain = workshop.site(postgres, relay.port)
    html = workshop.site(postgres, relay.port, environment={"STOREFRONT_INCLUDE_HTML": "1"})
    fail(plain.serve())
    fail(html.serve(), times=2)
    [error] = relay.errors()
    assert (error["total"], error["suppressed"]) == (3, 2)


def test_other_errors_are_other_errors(postgres, workshop: Workshop):
    """A template that does not compile, a division by zero: two bugs, two mails."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    server = workshop.site(postgres, relay.port).serve()
    for n in range(3):
        Browser(server).get(f"/leaflet/?n={n}")
        fail(server)
    assert sorted(error["total"] for error in relay.errors()) == [3, 3]
    sink.wait_for(lambda arrival: True, "two mails", count=2)
    assert stays(lambda: len(sink.arrivals) == 2, 0.5)
