"""What reaches the inbox beyond the first mail: threads, milestones, the storm cap, and what the admin says."""
import re
import subprocess
from pathlib import Path

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay
from peers.storefront import Browser
from peers.waiting import until

SITE = "storefront.settings.production"


def test_all_mails_of_an_error_are_one_thread(postgres, workshop: Workshop):
    """First mail, milestones and the mail after the window stand in one thread of a real mail program (notmuch)."""
    relay = workshop.relay(overrides={"window": {"length": "4s", "milestones": "3, 5"}}).start()
    site = workshop.site(postgres, relay.port)
    server = site.serve()
    for n in range(6):
        Browser(server).get(f"/quote/?pieces=0&n={n}")
    until(lambda: relay.errors()[0].get("window_end") is None, "the window is over")
    Browser(server).get("/quote/?pieces=0&n=9")
    Browser(server).get("/leaflet/")
    # Four of the quotes (first, two milestones, the next window), one of the leaflet.
    until(lambda: len(list(relay.maildir.glob("new/*"))) == 5, "all mails are there")
    assert threads(relay.maildir) == {"quote": (1, 4), "leaflet": (1, 1)}
    mails = [mail.read_text() for mail in relay.maildir.glob("new/*")]
    [third] = [mail for mail in mails if "Subject: [3x " in mail]
    assert "Auto-Submitted: auto-generated" in third and "List-Id: <errors.maildedup.relay.example>" in third
    assert "came 3 times since" in third and "ZeroDivisionError" in third


def threads(maildir: Path) -> dict[str, tuple[int, int]]:
    """Threads and mails of each error, as notmuch sees them."""
    config = maildir.parent / "notmuch.conf"
    config.write_text(f"[database]\npath={maildir}\n[new]\ntags=new\n[user]\nname=x\nprimary_email=x@example.org\n")

    def notmuch(*arguments: str) -> str:
        done = subprocess.run(["notmuch", f"--config={config}", *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    notmuch("new")
    return {word: tuple(int(notmuch("count", f"--output={what}", f"subject:{word}")) for what in ("threads", "messages"))
            for word in ("quote", "leaflet")}


def test_a_storm_of_different_errors(workshop: Workshop):
    """Thirty go out, the rest waits for a digest that names each; a password reset is not concerned."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    for number in range(45):
        relay.send(error_report(number))
    sink.wait_for(lambda arrival: "ERROR" in arrival.subject, "thirty of them", count=30)
    relay.send(b"Subject: Password reset\r\n\r\nClick here.\r\n", "hello@shop.example", "anna@customer.example")
    sink.wait_for(lambda arrival: arrival.subject == "Password reset", "ordinary mail")
    waiting = [error for error in relay.errors() if error["awaits_digest"]]
    assert len(waiting) == 15 and {error["held_back"] for error in waiting} == {1}
    assert "reason=storm-cap" in relay.output()
    assert relay.status()["totals"] == {"accepted": 46, "passed": 1, "doubtful": 0, "forwarded": 30, "suppressed": 15}
    # kill -9 and a start: nothing of it is forgotten.
    relay.kill()
    relay.start()
    assert len([error for error in relay.errors() if error["awaits_digest"]]) == 15


def test_a_passing_site_gets_each_mail(postgres, workshop: Workshop):
    """[site NAME] mode = pass: every mail goes out and is counted; another site is deduplicated as ever."""
    sink = workshop.sink()
    relay = workshop.relay(sink, overrides={f"site {SITE}": {"mode": "pass"}}).start()
    server = workshop.site(postgres, relay.port).serve()
    for n in range(3):
        Browser(server).get(f"/quote/?pieces=0&n={n}")
        relay.send(error_report(1))
    mails = sink.wait_for(lambda arrival: "/quote/" in arrival.subject, "each of them", count=3)
    assert {mail.count_headers()["Reason"] for mail in mails} == {"passing-site"}
    assert relay.status()["totals"]["suppressed"] == 2


@pytest.fixture
def shop(relay: Relay, sink) -> Relay:
    """A relay that knows three errors; of each the first mail went out."""
    for number in (1, 2, 3):
        relay.send(error_report(number))
    sink.wait_for(lambda arrival: "ERROR" in arrival.subject, "three errors", count=3)
    return relay


def error_of(relay: Relay, number: int) -> dict:
    """The error of a number, as list shows it."""
    [found] = [error for error in relay.ask("list", "--all") if f"step_a{'abcdefghij'[number]}" in error["error"]]
    return found


def test_a_silence(shop: Relay, sink):
    """It holds back, is listed with what it held back, who made it and why, and ends by hand."""
    error = error_of(shop, 1)
    [made] = shop.ask("silence", "add", error["id"], "--mails", "2", "--reason", "known", "--author", "ann")
    assert (made["author"], made["reason"], made["held"]) == ("ann", "known", 0)
    for _ in range(4):
        shop.send(error_report(1))
    [_, again] = sink.wait_for(lambda arrival: "step_ab" in arrival.subject, "the one behind the silence", count=2)
    assert again.count_headers()["Reason"] == "silence-ended" and again.count_headers()["Held-Back"] == "2"
    assert shop.ask("silence", "list") == []
    [ended] = shop.ask("silence", "list", "--all")
    assert ended["ended_by"] == "mails" and ended["held"] == 2

    [other] = shop.ask("silence", "add", "--title", "KeyError*", "--for", "2h", "--reason", "deploy")
    shop.send(error_report(7))
    table = shop.dedupctl("silence", "list")
    assert table.returncode == 0 and "title KeyError*" in table.stdout and "deploy" in table.stdout
    assert [silence["held"] for silence in shop.ask("silence", "list")] == [1]
    done = shop.dedupctl("silence", "expire", str(other["id"]))
    assert done.returncode == 0 and "held back 1" in done.stdout
    shop.send(error_report(7))
    sink.wait_for(lambda arrival: "step_ah" in arrival.subject, "the first of it")


def test_silences_that_ended(workshop: Workshop):
    """Whose time is up is no more listed, mail or not; of the others it is said who ended them."""
    relay = workshop.relay().start()
    relay.send(error_report(1))
    error = relay.errors()[0]["id"]
    [short] = relay.ask("silence", "add", error, "--for", "1s")
    until(lambda: relay.ask("silence", "list") == [], "its time is up")
    [made] = relay.ask("silence", "add", error, "--for", "2h")
    relay.ask("silence", "expire", str(made["id"]), "--author", "ann")
    ann, clock = relay.ask("silence", "list", "--all")
    assert (ann["ended_by"], ann["ended_author"]) == ("expired", "ann")
    assert clock["ended_by"] == "time" and clock["ended_at"] == short["ends_at"]
    table = relay.dedupctl("silence", "list", "--all").stdout
    assert "(ended by ann)" in table and "(over)" in table, table
    assert relay.dedupctl("silence", "expire", str(short["id"])).returncode == 3


def test_a_silence_in_several_sites(workshop: Workshop):
    """Each is named with its site; a pattern that matches nothing says so; show has the end."""
    relay = workshop.relay().start()
    for site in [b"[Django]", b"[shop]"]:
        relay.send(error_report(1).replace(b"[Django]", site))
    error = relay.errors()[0]["id"]
    said = relay.dedupctl("silence", "add", error).stdout
    assert "2 silences, one for each site" in said and " of [Django]," in said and " of [shop]," in said, said
    assert all(f" of [{site}]\n" in relay.dedupctl("silence", "list").stdout for site in ["Django", "shop"])
    assert re.search(r"End them early with: dedupctl silence expire \d+ \d+\n", said)
    assert re.search(r"Silence \d+ +\w+; ends [^;]*\d\d:\d\d", relay.dedupctl("show", error).stdout)
    for pattern, is_known in [("--site=*shop*", True), ("--site=elsewhere", False)]:
        assert ("nothing matches now" in relay.dedupctl("silence", "add", pattern).stdout) != is_known, pattern
    assert "It covers 2 errors that came so far.\n" in relay.dedupctl("silence", "add", "--title", "*").stdout
    assert "covers it already (title *, all sites), ends" in relay.dedupctl("silence", "add", error).stdout


def test_a_silence_outlives_a_resolution(shop: Relay):
    """Whoever resolves an error is told that a silence holds it back all the same."""
    error = error_of(shop, 3)["id"]
    [made] = shop.ask("silence", "add", error, "--for", "2h")
    said = shop.dedupctl("resolve", error).stdout
    shop.ask("silence", "expire", str(made["id"]))
    assert re.search(rf"But silence {made['id']} \(until [^)]*\d\d:\d\d\) still holds it back; end it with: dedupctl silence expire "
                     rf"{made['id']}\n", said), said
    assert "But silence" not in shop.dedupctl("resolve", error).stdout


def test_a_deploy_ends_what_was_silenced_until_then(shop: Relay):
    """--until-resolved of rules and patterns ends with one line in the deploy script; others stay."""
    shop.ask("silence", "add", "--title", "KeyError*", "--until-resolved", "--reason", "fixed in the next deploy")
    shop.ask("silence", "add", "--place", "nowhere/*", "--for", "2h", "--reason", "other")
    [ended] = shop.ask("silence", "expire", "--until-resolved")
    assert ended["scope"] == "title KeyError*, all sites" and ended["ended_by"] == "expired"
    assert [silence["scope"] for silence in shop.ask("silence", "list")] == ["place nowhere/*, all sites"]
    assert shop.dedupctl("silence", "expire", "--until-resolved").stdout == "There is no silence that ends when its error is resolved.\n"


def test_resolved_and_back(shop: Relay, sink):
    """The next mail of what was resolved goes out inside its window, as a regression."""
    error = error_of(shop, 2)
    [resolved] = shop.ask("resolve", error["id"])
    assert resolved["fingerprint"] == error["fingerprint"]
    assert "resolved" in shop.dedupctl("show", error["id"]).stdout
    shop.send(error_report(2))
    [_, back] = sink.wait_for(lambda arrival: "step_ac" in arrival.subject, "it is back", count=2)
    assert back.count_headers()["Reason"] == "regression"
    assert re.match(r"\[back 1x [0-9a-f]{8}\] \[Django\] ERROR", back.subject)
    assert error_of(shop, 2)["episode"]["beginning"] == "regression"


def test_merged_and_split(shop: Relay):
    """Merged errors share a window, also after a restart; split, the next mail of the one that was let go goes out."""
    one, two = error_of(shop, 1), error_of(shop, 2)
    [merge] = shop.ask("merge", one["id"], two["id"])
    assert [error["id"] for error in merge["merged"]] == [two["id"]]
    assert f'{two["id"]} is part of {one["id"]} already' in shop.dedupctl("merge", one["id"], two["id"]).stderr
    assert "no error has an id that starts with zzz;" in shop.dedupctl("merge", one["id"], "zzz").stderr
    assert f'Part of      {one["id"]} ' in shop.dedupctl("show", two["id"]).stdout
    shop.restart()
    shop.send(error_report(2))
    assert error_of(shop, 1)["total"] == 3 and error_of(shop, 1)["held_back"] == 1
    assert two["id"] not in {error["id"] for error in shop.ask("list", "--all")}
    [split] = shop.ask("split", two["id"])
    assert split["released"] == 1
    shop.send(error_report(2))
    assert error_of(shop, 2)["total"] == 1
    assert shop.ask("split", one["id"])[0] | {"error": None} == {"error": None, "released": 0, "was_split": False}


@pytest.mark.parametrize("command, code, text", [
    (["silence", "add", "ffffffff", "--for", "2h", "--reason", "x"], 3, "no error has an id that starts with ffffffff"),
    (["silence", "add", "ffffffff", "--for", "2h", "--mails", "3"], 2, "exclude each other"),
    (["silence", "add", "ffffffff", "--for", "2 weeks", "--reason", "x"], 2, "is not a duration; write e.g. 30min"),
    (["silence", "add", "--rule", "none"], 3, "no rule is called \"none\"; see: dedupctl rules list"),
    (["silence", "add", "--for", "2h", "--reason", "x"], 2, "what to silence"),
    (["silence", "add", "--title", "[a", "--for", "2h", "--reason", "x"], 1, "without its ]"),
    (["silence", "expire", "99"], 3, "no silence 99 is in force"),
    (["silence", "expire", "97", "98", "99"], 3, "no silence 97 or 98 or 99 is in force"),
    (["silence", "expire"], 2, "numbers, or --until-resolved"),
    (["resolve", "ffffffff"], 3, "ffffffff"),
    (["merge", "ffffffff", "eeeeeeee"], 3, "no error has an id that starts with ffffffff or eeeeeeee"),
    (["split", "ffffffff"], 3, "ffffffff"),
])
def test_what_cannot_be_done_is_said(quiet_relay: Relay, command, code, text):
    """One line on standard error and an exit code that scripts can rely on."""
    done = quiet_relay.dedupctl(*command)
    assert done.returncode == code and text in done.stderr and done.stdout == "", done


@pytest.fixture(scope="module")
def quiet_relay(peers: Workshop) -> Relay:
    """A relay that has seen nothing."""
    return peers.relay().start()


def test_with_the_daemon_down_nothing_is_changed(workshop: Workshop):
    """What changes the store needs the daemon (4); silences can be read without it."""
    relay = workshop.relay().start()
    relay.send(error_report(1))
    error = error_of(relay, 1)
    relay.ask("silence", "add", error["id"], "--until-resolved", "--reason", "x")
    relay.stop()
    assert relay.dedupctl("resolve", error["id"]).returncode == 4
    assert [silence["ends"] for silence in relay.ask("silence", "list")] == ["when resolved"]
