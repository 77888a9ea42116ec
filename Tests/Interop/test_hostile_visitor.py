"""What a visitor of a site writes decides nothing: a real Django site of many versions, and visitors who know our code.

Each request is made twice, with a grudge and without. The site knows which error a mail is about; the relay has to come
to the same name, site and verdict, or to a doubt. Numbers of a run, for `make fuzz` and for whoever hunts:
HOSTILE_REQUESTS (in all), HOSTILE_SEED, HOSTILE_FINDS (a folder for mails that a visitor decided about).
"""
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import Workshop
from peers.bazaar import Bazaar, Django, djangos
from peers.hostile import Comparison, HostileVisitor, Outcome, error_of, keep, plain_request
from peers.relay import REPOSITORY

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "2100"))
SEED = os.environ.get("HOSTILE_SEED", "1")
FINDS = Path(os.environ.get("HOSTILE_FINDS", REPOSITORY / ".build" / "hostile-finds"))

DJANGOS = djangos()


def layouts(django: Django) -> list[tuple[str, bool]]:
    """How this version can report: layout, and whether with HTML."""
    # The setting for reporters of the site's own came with Django 3.0.
    own = [] if django.name in ("django-on-3.6", "django-on-3.7") else [("short", False), ("bare", False)]
    # HTML costs ten times as much, and its layout changes with Django, not with Python.
    html = [("django", True)] if django.name in ("django-on-3.6", "django-of-today", "django-on-3.12") else []
    return [("django", False), *html, *own]


def visit(bazaar: Bazaar, count: int) -> Outcome:
    """Hostile requests to one deployment."""
    comparison = Comparison(bazaar.start())
    if bazaar.layout == "django":
        assert not comparison.doubtful, f"{bazaar.name}: a doubt without a visitor's doing: {comparison.doubtful}"
    return comparison.run(HostileVisitor(f"{SEED} {bazaar.name}", bazaar, comparison.reports()), count)


@pytest.mark.parametrize("django", DJANGOS, ids=lambda django: django.name)
def test_a_visitor_decides_nothing(workshop: Workshop, django: Django):
    """Site, fingerprint and verdict are those of the same request without hostility, or the mail is a doubt."""
    deployments = [Bazaar(workshop.folder / f"{django.name}-{layout}{'-html' * html}", django, layout, html)
                   for layout, html in layouts(django)]
    workshop.endings += [bazaar.stop for bazaar in deployments]
    count = REQUESTS // len(DJANGOS) // len(deployments)
    with ThreadPoolExecutor(max_workers=2) as crowd:
        outcomes = list(crowd.map(lambda bazaar: visit(bazaar, count), deployments))
    for outcome in outcomes:
        doubts = Counter()
        for (_, reason), number in outcome.doubts.items():
            doubts[reason] += number
        print(f"{outcome.name}: {outcome.mails} mails, {sum(doubts.values())} doubts {dict(doubts)}, "
              f"{outcome.other_errors} of errors that no plain request has, {len(outcome.violations)} violations")
    violations = [violation for outcome in outcomes for violation in outcome.violations]
    if violations:
        kinds = Counter((violation.kind, violation.page) for violation in violations)
        kept = keep(violations, FINDS)
        pytest.fail(f"{len(violations)} mails that a visitor decided about, {dict(kinds)}; in {FINDS}:\n"
                    + "\n".join(kept[:20]), pytrace=False)


def reasons(arrivals) -> Counter:
    """Why mails went out, as the relay says."""
    return Counter(arrival.count_headers().get("Reason", "") for arrival in arrivals)


@pytest.mark.parametrize("page", ["order_text_from", "value", "crash", "lost"])
def test_a_flood_of_one_bug_stays_a_trickle_and_hides_nothing(workshop: Workshop, relay, sink, page: str):
    """Of 300 hostile requests to one bug no more mails arrive than of plain ones, and ten for each key of a doubt. What
    fails afterwards for the first time, another bug and an outage, arrives. No site was invented."""
    bazaar = Bazaar(workshop.folder / "bazaar", DJANGOS[0])
    workshop.endings.append(bazaar.stop)
    bazaar.start()

    def send(mails) -> None:
        for mail in mails:
            relay.send(mail.raw(), mail.sender, *mail.recipients)

    def arrived(mails) -> bool:
        return bool(sink.matching(lambda arrival: any(arrival.raw.endswith(mail.raw()) for mail in mails)))

    plain = [mail for name in ("own_error", page) for mail in bazaar.visit(plain_request(name))]
    send(plain)
    relay.wait_drained()
    before = len(sink.arrivals)
    visitor = HostileVisitor(SEED, bazaar, [])
    bugs = {error_of(mail, page) for mail in plain}
    for _ in range(300):
        # Some requests go wrong before they reach the bug: that is another error.
        mails = bazaar.visit(visitor.request(page).but(host=b"bazaar.example", asgi=False))
        send([mail for mail in mails if error_of(mail, page) in bugs])
    relay.wait_drained()
    flood = reasons(sink.arrivals[before:])
    doubts = {reason: number for reason, number in flood.items() if reason.startswith("doubt/")}
    others = Counter({reason: number for reason, number in flood.items() if reason not in doubts})
    # The keys of one reason and one bug: with type and place, and without.
    assert all(number <= 2 * 10 for number in doubts.values()), f"doubts without bound: {flood}"
    # Milestones of the count, and digests, are what a plain flood makes as well.
    assert not others.keys() & {"first", "no-error", ""}, f"new errors out of one: {flood}"
    for name in ("outage_slots", "key"):
        mails = bazaar.visit(plain_request(name))
        send(mails)
        relay.wait_drained()
        assert arrived(mails), f"{name} failed for the first time and was not told: {relay.errors()}"
    assert {error["site"] for error in relay.errors()} == {"bazaar.settings"}
