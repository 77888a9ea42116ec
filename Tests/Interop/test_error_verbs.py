"""What an admin does with errors: find them, look at one, let the next mail out, have the kept ones sent."""
import csv
import io
import json
import os
import pty
import re
import subprocess

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary
from peers.sink import Sink


@pytest.fixture
def shop(workshop: Workshop, sink: Sink) -> Relay:
    """Three errors in two sites: five of the first, one of the second, two of the third; a rule decides over one."""
    relay = workshop.relay(sink, overrides={
        "rule third": {"type": "KeyError", "text": "*step_ad*", "action": "dedup"}}).start()
    for number in [1, 1, 1, 1, 1, 3, 3]:
        relay.send(error_report(number))
    relay.send(error_report(2).replace(b"[Django]", b"[Staging]"))
    relay.wait_drained()
    return relay


def names(relay: Relay, *arguments: str) -> list[str]:
    """What `list ARGUMENTS` finds, by the number of the error."""
    return [re.search(r"step_a(\w)", error["error"])[1] for error in relay.ask("list", *arguments)]


@pytest.mark.parametrize("arguments, found", [
    ([], "db"), (["--all"], "cdb"), (["--all", "--sort", "total"], "bdc"), (["--all", "--sort", "total", "--reverse"], "cdb"),
    (["--all", "--sort", "name"], "bcd"), (["--all", "--sort", "rate"], "bdc"), (["--sort", "held", "--limit", "1"], "b"),
    (["--new"], "cdb"), (["--active"], "cdb"), (["--since", "2h"], "db"), (["--since", "2020-01-01"], "db"),
    (["--site", "[Staging]", "--all"], "c"), (["--site", "*Django*"], "db"),
    (["--silenced"], ""), (["--rule", "third"], "d"), (["--rule", "none"], "")])
def test_list(shop: Relay, arguments: list[str], found: str):
    """Each filter and each order."""
    assert "".join(names(shop, *arguments)) == found


def test_list_of_silenced(shop: Relay):
    """By id and by pattern; the table says so."""
    assert shop.dedupctl("silence", "add", "--title", "*step_ac*", "--for", "1h", "--reason", "x").returncode == 0
    assert names(shop, "--silenced", "--all") == ["c"]
    assert re.search(r"silenced\s+KeyError: 'step_ac'", shop.dedupctl("list", "--all").stdout)


def test_a_time_that_is_none(shop: Relay):
    """It says what a time looks like."""
    done = shop.dedupctl("list", "--since", "yesterday")
    assert done.returncode == 2 and "2026-11-26T14:00" in done.stderr


def test_show(shop: Relay):
    """History, variants, the last traceback and the reason of the latest mail."""
    often = shop.ask("list", "--sort", "total")[0]
    shown = shop.dedupctl("show", often["id"]).stdout
    for part in ["Latest mail  inside-window", "Last 24 hours", "5 |", "Days", "Last traceback",
                 'File "/srv/shop/orders/step_ab.py", line 12, in step_ab', "KeyError: 'step_ab'", "Why it is this error"]:
        assert part in shown, f"{part}: {shown}"
    assert "Request URL" not in shown
    [detail] = shop.ask("show", often["id"])
    assert sum(detail["history"]) == 5 and len(detail["history"]) == 720


def test_pass(shop: Relay, sink: Sink):
    """The next one goes out with its count, also through a silence and a crash; the one behind it does not."""
    often = shop.ask("list", "--sort", "total")[0]["id"]
    shop.dedupctl("silence", "add", often, "--for", "1h", "--reason", "x")
    assert "The next mail goes out" in shop.dedupctl("pass", often).stdout
    assert re.search(rf"{often}\s+5\s+4\s+4\s+silenced", shop.dedupctl("list").stdout)
    shop.kill()
    shop.start()
    before = len(sink.arrivals)
    for _ in range(2):
        shop.send(error_report(1))
    [arrival] = sink.wait_for(lambda arrival: arrival.count_headers().get("Reason") == "requested", "the next one")
    assert arrival.count_headers()["Held-Back"] == "4"
    shop.wait_drained()
    assert len(sink.arrivals) == before + 1


def as_it_came(copy: bytes) -> bytes:
    """A copy without our fields on top, and with the Message-ID that it came with."""
    original = re.search(rb"\r\nX-MailDedup-Copy-Of: (\S+)\r\n", copy).group(1)
    return re.sub(rb"\r\nMessage-ID: \S+", b"\r\nMessage-ID: " + original, copy[copy.index(b"From: root@"):])


def test_release(shop: Relay, sink: Sink):
    """The kept mails come as they were, below our fields, and each under a name of its own; the counts stay."""
    often = shop.ask("list", "--sort", "total")[0]
    totals = shop.totals()
    done = shop.dedupctl("release", often["id"])
    assert done.returncode == 0 and "Queued 2 mails" in done.stdout, done.stdout + done.stderr
    copies = sink.wait_for(lambda arrival: arrival.count_headers().get("Reason") == "copy", "first and latest", 2)
    assert all(as_it_came(copy.raw) == error_report(1) and copy.recipients == ["admins@shop.example"] for copy in copies)
    assert len({copy.message["Message-ID"] for copy in copies}) == 2
    shop.dedupctl("release", often["id"], "--last", "1", "--to", "me@shop.example")
    [mine] = sink.wait_for(lambda arrival: arrival.recipients == ["me@shop.example"], "one for me")
    assert "X-MailDedup-Arrived:" in mine.raw.decode() and shop.totals() == totals
    assert shop.dedupctl("release", often["id"], "--to", "not an address").returncode == 2
    shop.dedupctl("purge", "--all", "--yes")
    gone = shop.dedupctl("release", often["id"])
    assert gone.returncode == 3 and gone.stdout == "" and "no mail is kept of it" in gone.stderr
    told = " ".join(shop.dedupctl("release", "--help").stdout.split())
    assert "with a Message-ID of its own" in told and "byte for byte" not in told


def test_export(shop: Relay):
    """Every error once, as JSON and as CSV; what a spreadsheet would take for a formula is none."""
    lines = [json.loads(line) for line in shop.dedupctl("export").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(shop.dedupctl("export", "--csv").stdout)))
    assert [line["id"] for line in lines] == [row["id"] for row in rows] and len(rows) == 3
    assert {row["total"] for row in rows} == {"5", "1", "2"} and {row["last_rule"] for row in rows} == {"", "third"}


def test_export_in_pages(shop: Relay):
    """Page by page each error comes once."""
    ids, page = [], {"next": 0}
    while "next" in page:
        asked = ["curl", "-sS", "--unix-socket", shop.folder / "control.sock",
                 f"http://localhost/v1/export?limit=1&after={page['next']}"]
        page = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
        ids += [error["id"] for error in page["errors"]]
    assert sorted(ids) == sorted(error["id"] for error in shop.errors())


def test_stats(shop: Relay):
    """The sums are those of the status."""
    [stats] = shop.ask("stats")
    assert stats["totals"] == shop.totals() and stats["errors"] == 3
    assert {(one["outcome"], one["reason"]): one["mails"] for one in stats["reasons"]} == {
        ("suppressed", "inside-window"): 5, ("forwarded", "first"): 3}
    assert sum(quarter["totals"]["accepted"] for quarter in stats["quarters"]) == 8
    assert {site["site"]: site["suppressed"] for site in stats["sites"]} == {"[Django]": 5, "[Staging]": 0}
    assert "inside-window" in shop.dedupctl("stats").stdout


def test_top(shop: Relay):
    """The busiest first; how many a minute only the second view knows, and none came since the first."""
    first, second = [json.loads(line) for line in shop.dedupctl("top", "-n", "2", "--every", "1", "-o", "json").stdout.splitlines()]
    assert first["errors"][0]["total"] == 5 and second["errors"][0]["per_minute"] == 0
    shop.dedupctl("silence", "add", first["errors"][0]["id"])
    table = shop.dedupctl("top").stdout
    assert "per_minute" not in first["errors"][0] and "PER MIN" in table
    assert re.search(rf"{first['errors'][0]['id']} +- +5 +5 +4 +4 +silenced", table), table


@pytest.mark.parametrize("arguments", [["top", "-n", "2", "--every", "1"], ["list", "--watch"], ["status", "--watch"]])
def test_that_the_daemon_is_down_is_said_once(shop: Relay, arguments: list[str]):
    """However often a verb looks, and with what to do."""
    shop.stop()
    asked = ["timeout", "3.5", binary("dedupctl"), "--config", str(shop.config), *arguments]
    done = subprocess.run(asked, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = (done.stdout + done.stderr).lower()
    assert said.count("the daemon is down") == 1 and f"maildedup --config {shop.config}" in done.stderr, said


def on_a_terminal(relay: Relay, *arguments: str, **variables: str) -> str:
    """What dedupctl writes on a terminal."""
    here, there = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"} | variables
    process = subprocess.Popen([binary("dedupctl"), "--config", relay.config, *arguments], stdout=there, stdin=there,
                               stderr=there, env=environment)
    os.close(there)
    written = b""
    while True:
        try:
            piece = os.read(here, 4096)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(here)
    assert process.wait(10) == 0
    return written.decode()


def test_colours(shop: Relay):
    """On a terminal there are some, unless NO_COLOR or the terminal says no."""
    assert "\x1b[" in on_a_terminal(shop, "list")
    assert "\x1b" not in on_a_terminal(shop, "list", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(shop, "list", TERM="dumb")
