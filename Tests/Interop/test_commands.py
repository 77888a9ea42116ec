"""dedupctl, as an admin and as a script use it."""
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, run_dedupctl
from peers.storefront import Browser, Ledger
from peers.waiting import until


class Shift:
    """A relay after an hour of ordinary work: two bugs, one of them often, and one ordinary mail that waits."""

    def __init__(self, relay: Relay, ledger: Ledger):
        self.relay = relay
        self.ledger = ledger


@pytest.fixture(scope="module")
def shift(postgres, peers: Workshop) -> Shift:
    """Five quotes and one leaflet go wrong; the smarthost is down, so all that is forwarded waits."""
    sink = peers.sink()
    sink.stop()
    relay = peers.relay(sink, overrides={"delivery": {"retry-waits": "1h"}}).start()
    site = peers.site(postgres, relay.port)
    server = site.serve()
    for n in range(5):
        Browser(server).get(f"/quote/?pieces=0&n={n}")
    Browser(server).get("/leaflet/")
    assert Browser(server).submit("/accounts/password_reset/", email="anna@customer.example") == 200
    until(lambda: all(entry.get("last_failure") for entry in relay.queue()), "each was tried")
    return Shift(relay, site.ledger)


def moment(text: str) -> datetime:
    """A time of the JSON output: ISO 8601 with a zone."""
    parsed = datetime.fromisoformat(text)
    assert parsed.tzinfo is not None
    return parsed


def test_list_in_json(shift):
    """One object a line, with all that the table shows."""
    errors = {error["total"]: error for error in shift.relay.errors()}
    assert set(errors) == {5, 1}
    often = errors[5]
    assert "ZeroDivisionError" in often["error"] and "pricing" in often["place"]
    assert often["site"] == "storefront.settings.production"
    assert (often["held_back"], often["suppressed"]) == (4, 4)
    assert moment(often["first_seen"]) <= moment(often["last_seen"]) < moment(often["window_end"])
    assert sum(often["hours"]) == 5
    assert re.fullmatch(r"[0-9a-f]{8}", often["id"]) and often["id"] in often["fingerprint"]


def test_list_as_a_table(shift):
    """The table names error and counts of what was held back, one error a line; --all shows the others too."""
    table = shift.relay.dedupctl("list")
    assert table.returncode == 0, table.stderr
    [line] = [line for line in table.stdout.splitlines() if "ZeroDivisionError" in line]
    often = max(shift.relay.errors(), key=lambda error: error["total"])
    assert often["id"] in line and "4" in line and "5" in line
    assert "TemplateSyntaxError" not in table.stdout, "nothing was held back of it"
    assert "TemplateSyntaxError" in shift.relay.dedupctl("list", "--all").stdout


def test_the_configuration_may_be_named_behind_the_command(shift):
    """`dedupctl list --config PATH` is `dedupctl --config PATH list`."""
    behind = run_dedupctl("list", "--config", str(shift.relay.config))
    assert behind.returncode == 0, behind.stderr
    assert behind.stdout == shift.relay.dedupctl("list").stdout != ""


def test_show(shift):
    """One error in full, named by its id; the explanation tells why mails count as the same."""
    often = max(shift.relay.errors(), key=lambda error: error["total"])
    [detail] = shift.relay.ask("show", often["id"])
    assert often["fingerprint"] in json.dumps(detail)
    shown = shift.relay.dedupctl("show", often["id"])
    assert shown.returncode == 0, shown.stderr
    assert "ZeroDivisionError" in shown.stdout and "price_per_piece" in shown.stdout
    assert sum(variant["total"] for variant in detail["variants"]) == 5
    assert detail["variants"][0]["is_of_first_mail"] and detail["variants"][0]["first_mail"] == detail["first_mail"]
    mails = shift.relay.dedupctl("show", "--mails", often["id"]).stdout
    assert mails.count("--- First mail ---") == mails.count("--- Latest mail ---") == 1
    assert mails.count("\n--- Variant ") == (len(detail["variants"]) if len(detail["variants"]) > 1 else 0)


def test_show_what_is_not_there(shift):
    """An id that nobody has: one line and an exit code."""
    shown = shift.relay.dedupctl("show", "ffffffff")
    assert shown.returncode != 0 and shown.stdout == ""
    assert "ffffffff" in shown.stderr and len(shown.stderr.splitlines()) == 1


def test_status(shift):
    """The totals, the queue and where it listens, in both forms."""
    status = shift.relay.status()
    assert status["totals"] == {"accepted": 7, "passed": 1, "doubtful": 0, "forwarded": 2, "suppressed": 4}
    assert status["queue"]["waiting"] == 3 and status["queue"]["octets"] > 0
    assert status["version"]
    assert str(shift.relay.port) in json.dumps(status["daemon"]["listening"])
    assert status["daemon"]["uptime_seconds"] >= 0 and status["daemon"]["pid"] == shift.relay.process.pid
    table = shift.relay.dedupctl("status")
    assert table.returncode == 0 and str(shift.relay.port) in table.stdout


def test_asking_again_and_again(shift):
    """Scripts and monitoring ask all the time, several at once: every question gets its answer."""
    with ThreadPoolExecutor(4) as scripts:
        answers = list(scripts.map(lambda _: shift.relay.dedupctl("status", "-o", "json"), range(60)))
    refused = [answer.stderr for answer in answers if answer.returncode != 0]
    assert not refused, f"{len(refused)} of {len(answers)}: {refused[0]}"


def test_queue(shift):
    """Who waits, for whom, why and until when, in both forms."""
    entries = shift.relay.queue()
    assert sorted(entry["kind"] for entry in entries) == ["pass", "report", "report"]
    for entry in entries:
        assert entry["attempts"] == 0 and "Connection refused" in entry["last_failure"] and entry["size"] > 100
        moment(entry["next_attempt"])
    [reset] = [entry for entry in entries if entry["kind"] == "pass"]
    assert reset["recipients"] == ["anna@customer.example"] and reset["sender"] == "hello@shop.example"
    table = shift.relay.dedupctl("queue")
    assert table.returncode == 0 and "anna@customer.example" in table.stdout


def test_fingerprint_of_a_folder(shift):
    """Without daemon or store: a line for each .eml, `file<TAB>fingerprint` or `file<TAB>PASS`."""
    done = run_dedupctl("fingerprint", str(shift.ledger.folder))
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    named = {row[0].rsplit("/", 1)[-1]: row[1] for row in rows}
    assert set(named) == {mail_id + ".eml" for mail_id in shift.ledger.ids("acknowledged")}
    counted = sorted(list(named.values()).count(value) for value in set(named.values()))
    assert counted == [1, 1, 5] and "PASS" in named.values()
    often = max(shift.relay.errors(), key=lambda error: error["total"])
    assert list(named.values()).count(often["fingerprint"]) == 5, "the daemon and the command line disagree"


def test_fingerprint_of_a_mail_that_the_relay_delivered(workshop, tmp_path):
    """The mail an admin has at hand is explained as it came, with the fingerprint that the relay gave it."""
    relay = workshop.relay(overrides={"window": {"length": "1s"}}).start()
    relay.send(error_report(1))
    relay.send(error_report(1))
    until(lambda: relay.status()["totals"]["suppressed"] == 1, "one is held back")
    relay.dedupctl("pass", relay.errors()[0]["id"])
    relay.send(error_report(1))
    relay.wait_drained()
    [mail] = [mail for mail in (relay.maildir / "new").iterdir() if b"X-MailDedup-Held-Back: 1" in mail.read_bytes()]
    done = run_dedupctl("fingerprint", "--explain", str(mail), folder=tmp_path)
    assert done.returncode == 0 and "KeyError" in done.stdout and "own-mail" not in done.stdout, done.stdout + done.stderr
    assert relay.errors()[0]["fingerprint"] in done.stdout


def test_fingerprint_reads_the_configuration_of_the_folder(tmp_path):
    """./dedup.conf has the rules, when none is named."""
    (tmp_path / "mail.eml").write_bytes(error_report(1))
    plain = run_dedupctl("fingerprint", "mail.eml", folder=tmp_path)
    (tmp_path / "dedup.conf").write_text("[rule all]\ntype = KeyError\nfingerprint = type\n")
    ruled = run_dedupctl("fingerprint", "mail.eml", folder=tmp_path)
    assert plain.returncode == ruled.returncode == 0, plain.stderr + ruled.stderr
    assert plain.stdout.split("\t")[1] != ruled.stdout.split("\t")[1]


def test_fingerprint_of_a_mail_on_standard_input(shift):
    """`-` reads one mail; with --explain it says how the fingerprint came about."""
    mail_id = shift.ledger.ids("acknowledged")[0]
    done = run_dedupctl("fingerprint", "--explain", "-", stdin=shift.ledger.raw(mail_id))
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError" in done.stdout and "price_per_piece" in done.stdout
    path = str(shift.ledger.folder / (mail_id + ".eml"))
    [named] = [json.loads(line) for line in run_dedupctl("fingerprint", path, "-o", "json").stdout.splitlines()]
    assert named["fingerprint"] in {error["fingerprint"] for error in shift.relay.errors()}


def test_with_the_daemon_down_the_store_is_read(shift):
    """dedupctl says that it reads the store directly, and shows the same."""
    listed = shift.relay.errors()
    assert shift.relay.stop() == 0
    try:
        done = shift.relay.dedupctl("list", "--all", "-o", "json")
        assert done.returncode == 0, done.stderr
        keys = ("id", "total", "held_back", "suppressed")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [[row[key] for key in keys] for row in rows] == [[row[key] for key in keys] for row in listed]
        assert "store" in done.stderr
    finally:
        shift.relay.start()


def test_check_config(shift):
    """`maildedup --check-config` says yes or no without starting anything."""
    good = shift.relay.check_config()
    assert good.returncode == 0, good.stderr
    broken = shift.relay.folder / "broken.conf"
    broken.write_text("[window]\nlenght = 1h\n")
    bad = shift.relay.check_config(broken)
    assert bad.returncode != 0
    assert "broken.conf:2:1" in bad.stdout + bad.stderr and "length" in bad.stdout + bad.stderr
