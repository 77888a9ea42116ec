"""Small things that somebody meets in the first hour with dedupctl."""
import os
import signal
import subprocess

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary, one_clear_line, run_dedupctl
from peers.verbs import UNREACHABLE, Counter, desk
from peers.waiting import until


@pytest.fixture(scope="module")
def counter(peers: Workshop) -> Counter:
    """Two errors, one of them often, and mails that wait."""
    return desk(peers)


def test_rows_of_one_error(workshop: Workshop):
    """An error of one site name with other recipients and senders: rows under each other that say what differs."""
    relay = workshop.relay().start()
    for recipient in ["ops@shop.example", "dev@shop.example"]:
        for number in [1, 1, 2]:
            relay.send(error_report(number), "django@shop.example", recipient)
    lines = relay.dedupctl("list", "--all").stdout.splitlines()[1:]
    ids = [line.split()[0] for line in lines]
    assert len(ids) == 4 and ids[0] == ids[1] and ids[2] == ids[3] and ids[0] != ids[2], lines
    for line, recipient in zip(lines[:2], ["dev", "ops"]):
        assert "from" not in line and f"(to {recipient}@shop.example)" in line, lines
    [one] = [error for error in relay.errors() if error["id"] == ids[0] and "dev@shop.example" in error["recipients"]]
    assert one["sender"] == "django@shop.example" and one["subject_prefix"] == "[Django]"


def test_counts_in_columns_of_their_own(workshop: Workshop):
    """In all, held back in all, and since the last mail, which a new window sets back."""
    relay = workshop.relay().start()
    for _ in range(3):
        relay.send(error_report(1))
    error = relay.errors()[0]["id"]
    relay.dedupctl("pass", error)
    relay.send(error_report(1))
    head, row = relay.dedupctl("list").stdout.splitlines()
    assert head.split("NOTE")[0].split("  ")[0] == "ID" and "TOTAL  HELD  SINCE LAST MAIL" in head
    assert row.split()[:4] == [error, "4", "2", "0"], row
    assert relay.ask("list", "--sort", "since-last-mail")[0]["id"] == error


def test_no_headers_is_rows_alone(workshop: Workshop):
    """Neither a sentence nor a footer, for scripts count lines."""
    relay = workshop.relay().start()
    assert relay.dedupctl("list", "--no-headers").stdout == ""
    assert relay.dedupctl("list").stdout == "Nothing was held back yet.\n"


def test_one_is_no_plural(workshop: Workshop):
    """One mail, one report."""
    relay = workshop.relay().start()
    relay.send(error_report(1))
    status, stats = relay.dedupctl("status").stdout, relay.dedupctl("stats").stdout
    assert "Accepted    1 mail\n" in status and "Forwarded   1 error report\n" in status, status
    assert stats.startswith("1 mail: ") and "HELD BACK" in stats and "suppressed" not in stats.lower(), stats


def test_statistics_of_nothing(workshop: Workshop):
    """One sentence, not three empty tables."""
    assert workshop.relay().start().dedupctl("stats").stdout == "No mail has come through this relay yet.\n"


@pytest.mark.parametrize(("words", "says"), [
    (["lst"], "did you mean dedupctl list?"), (["queue", "flsh"], "did you mean dedupctl queue flush?"),
    (["--config", "list", "sttus"], "did you mean dedupctl status?"), (["xyzzy"], "see dedupctl --help"),
    (["--config", "x", "help", "lst"], "did you mean dedupctl list?"),
    (["help", "lst"], "did you mean dedupctl list?"), (["help", "queue", "flsh"], "did you mean dedupctl queue flush?"),
    (["-o", "json", "status"], "put -o behind the command: dedupctl status -o json"),
    (["queue", "-o", "json", "list"], "put -o behind the command: dedupctl queue list -o json"),
])
def test_a_mistyped_verb(words: list[str], says: str):
    """Status 2, and the verb that was meant."""
    done = run_dedupctl(*words)
    assert done.returncode == 2 and not done.stdout and says in one_clear_line(done.stderr)


@pytest.mark.parametrize(("words", "says"), [
    (["list", "--limit", "0"], "--limit: write a number from 1 on"), (["export", "-o", "table"], "table"),
    (["queue", "list", "--limit", "-1"], "--limit: write a number from 1 on"),
    (["stats", "--days", "-3"], "--days: write a number from 1 to 400"),
    (["silence", "add", "abcd", "--mails", "-1"], "--mails and --above take numbers from 1 on"),
    (["silence", "add", "abcd", "--for", "-1h"], '"-1h" is not a duration'),
    (["top", "--every", "-1"], "--every: write a number from 1 to 3600"), (["list", "--since", "-2h"], '"-2h" is not a time'),
    (["--socket", "x"], 'there is no option "--socket" before a command'),
    (["replay", "x", "--limit", "-1"], "--limit: write a number from 0 on"),
])
def test_a_value_that_is_none(words: list[str], says: str):
    """Wrong usage, not an empty answer; the message is about the value, not about an option that is missing one."""
    done = run_dedupctl(*words)
    assert done.returncode == 2 and not done.stdout and says in done.stderr, done.stderr


def test_an_empty_id(counter: Counter):
    """What a script passes on whose variable is empty."""
    for verb in ["show", "queue show", "queue hold", "resolve", "pass", "watch"]:
        done = counter.call(verb, [""])
        assert done.returncode == 2 and "id is empty" in done.stderr, f"{verb}: {done.stderr}"


def test_nothing_is_done_for_some(workshop: Workshop):
    """An id that is empty or unknown, as one of several: the errors of the others stay as they were."""
    counter = desk(workshop)
    for verb in ["resolve", "pass", "merge"]:
        for wrong, status, says in [("", 2, "id is empty"), ("zz\nzz", 3, "starts with zz zz;"), ("z" * 500, 3, "z…; see")]:
            done = counter.call(verb, ["{error}", wrong])
            assert done.returncode == status and says in one_clear_line(done.stderr) and not done.stdout, done.stderr
    [error] = [error for error in counter.relay.errors() if error["id"] == counter.names["error"]]
    assert "resolved_at" not in error and not error["passes_next"], error
    itself = counter.call("merge", ["{error}", "{error}"])
    assert itself.returncode == 2 and "cannot be merged with itself" in one_clear_line(itself.stderr)


def test_queue_ids_that_match_nothing(counter: Counter):
    """What to do is said with each verb."""
    for verb, extra in [("flush", []), ("hold", []), ("release", []), ("reroute", ["--to", "default"]), ("delete", ["--yes"])]:
        done = counter.call(f"queue {verb}", ["zzzz"], *extra)
        assert done.returncode == 3 and "see: dedupctl queue list" in one_clear_line(done.stderr), done.stderr


@pytest.mark.parametrize("columns", ["1", "20", "27", "39"])
def test_help_in_a_narrow_terminal(columns: str):
    """ArgumentParser would end the process."""
    for words in [["--help"], ["silence", "add", "--help"], ["help", "queue"], ["show"]]:
        done = subprocess.run(
            [binary("dedupctl"), *words], capture_output=True, text=True, env={**os.environ, "COLUMNS": columns})
        assert done.returncode == (2 if words == ["show"] else 0), f"{words}: {done.stderr}"


@pytest.mark.parametrize("words", [
    ["list"], ["list", "-o", "json"], ["summary"], ["show", "{error}"], ["pass", "{error}"], ["silence", "add", "{error}"],
    ["purge", "{error}", "--yes"]], ids=" ".join)
def test_a_site_that_is_none(counter: Counter, words: list[str]):
    """One rule: 3 with every verb, and nothing on standard output."""
    done = counter.call(words[0], words[1:], "--site", "nowhere")
    assert done.returncode == 3 and not done.stdout and "nowhere" in one_clear_line(done.stderr), done.stderr


def test_a_filter_that_leaves_nothing(counter: Counter):
    """An empty answer is an answer, as is a site of which nothing was held back."""
    assert "a --site that nothing has" in " ".join(run_dedupctl("--help").stdout.split())
    counter.relay.send(error_report(5).replace(b"[Django]", b"[Quiet]"))
    for words in [["--silenced"], ["--rule", "nothing"], ["--site", "*Quiet*"]]:
        assert counter.call("list", words).returncode == 0, words


def test_hold_and_release_twice(workshop: Workshop):
    """What is so already is said to be so."""
    counter = desk(workshop)
    other = counter.relay.queue()[1]["id"]
    for verb, says in [("hold", "is held already"), ("release", "is not held")]:
        assert counter.call(f"queue {verb}", ["{mail}"]).returncode == 0
        done = counter.call(f"queue {verb}", ["{mail}"])
        assert done.returncode == 3 and f"{counter.names['mail']} {says}" in one_clear_line(done.stderr), done.stderr
        both = counter.call(f"queue {verb}", ["{mail}", other])
        assert both.returncode == 0 and f"Unchanged: {counter.names['mail']} {says}" in both.stdout, both.stdout


def test_silences_of_one_error(workshop: Workshop):
    """A second one names the first, a list names the sites, and ids are said once."""
    counter = desk(workshop)
    assert "covers it already" not in counter.call("silence add", ["{error}"]).stdout
    done = counter.call("silence add", ["{error}", "--for", "2h"])
    assert done.returncode == 0 and "Silence 1 covers it already" in done.stdout, done.stdout
    counter.call("silence add", ["--title", "Nope*"])
    counter.call("silence add", ["--title", "Nope*", "--site", "shop"])
    rows = counter.call("silence list", []).stdout
    assert "title Nope*, all sites" in rows and "title Nope*, site shop\n" in rows.replace(" \n", "\n"), rows
    done = counter.call("silence expire", ["2", "2"])
    assert done.returncode == 0 and done.stdout.count("Silence 2 ended") == 1, done.stdout
    done = counter.call("silence expire", ["2", "2", "77"])
    assert done.returncode == 3 and "no silence 2 or 77 is in force" in one_clear_line(done.stderr)


def test_export_is_json_unless_csv(counter: Counter):
    """As its help says."""
    assert counter.call("export", []).stdout == counter.call("export", ["-o", "json"]).stdout
    assert counter.call("export", ["--csv"]).stdout == counter.call("export", ["-o", "csv"]).stdout
    assert "Default: json." in " ".join(run_dedupctl("export", "--help").stdout.split())


def test_help_is_in_groups():
    """What one looks for first comes first."""
    text = run_dedupctl("--help").stdout
    places = [text.index(f"{name} SUBCOMMANDS:") for name in ["LOOK", "DECIDE", "QUEUE", "CHECK", "CONFIGURE"]]
    assert places == sorted(places)


def test_a_silence_alone_is_an_hour(counter: Counter):
    """Neither an end nor a reason has to be said."""
    done = counter.call("silence add", ["{other}"])
    assert done.returncode == 0 and "dedupctl silence expire" in done.stdout, done.stderr
    [silence] = counter.relay.ask("silence", "list")
    assert silence["reason"] == "" and silence["ends_at"] > silence["created_at"]


def test_the_size_of_a_mail_ends_in_no_comma(counter: Counter):
    """Where the client did not say what kind of body it sends."""
    [line] = [line for line in counter.call("queue show", ["{mail}"]).stdout.splitlines() if line.startswith("Size")]
    assert line.endswith("octets") or line.rstrip()[-1] != ",", line


def test_site_narrows_every_verb(counter: Counter):
    """An error of another site is none."""
    for verb in ["show", "watch", "resolve", "pass", "release", "split", "purge"]:
        extra = ["--yes"] if verb == "purge" else ["-n", "1"] if verb == "watch" else []
        done = counter.call(verb, ["{error}"], "--site", "elsewhere", *extra)
        says = f'error {counter.names["error"]} is not in site "elsewhere"; it is in: [Django]'
        assert done.returncode == 3 and says in one_clear_line(done.stderr), f"{verb}: {done.stdout}{done.stderr}"


def test_a_fingerprint_in_full_is_an_id(counter: Counter):
    """As X-MailDedup-Fingerprint has it, or its digest alone."""
    [error] = [error for error in counter.relay.errors() if error["id"] == counter.names["error"]]
    version, digest = error["fingerprint"].split(":")
    for name in [f"{version}:{digest}", digest, digest.upper()]:
        for verb in ["show", "watch", "silence add", "resolve", "pass"]:
            done = counter.call(verb, [name], *(["-n", "1"] if verb == "watch" else []))
            assert done.returncode == 0 and error["error"].split(":")[0] in done.stdout, f"{verb} {name}: {done.stderr}"
    assert counter.call("show", [f"{version}:000"]).returncode == 3


def test_split_says_where_the_counts_stay(workshop: Workshop):
    """What a merge added up cannot be told apart any more; whoever splits is told so."""
    counter = desk(workshop)
    assert counter.call("merge", ["{error}", "{other}"]).returncode == 0
    done = counter.call("split", ["{error}"])
    assert done.returncode == 0 and "counted from none on" in done.stdout and "stay counted" in done.stdout


def watch(relay: Relay, *arguments: str) -> subprocess.Popen:
    """A `dedupctl watch` that runs."""
    return subprocess.Popen(
        [binary("dedupctl"), "--config", str(relay.config), "watch", *arguments], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_watch(workshop: Workshop):
    """A line for how it stands, and one for each change, also across a restart of the daemon."""
    relay = workshop.relay().start()
    relay.send(error_report(1))
    error = relay.errors()[0]["id"]
    with watch(relay, error) as process:
        assert "KeyError: 'step_ab'; 1 in all, 0 held back" in process.stdout.readline()
        relay.send(error_report(1))
        line = process.stdout.readline()
        assert "+1 mail, held back; now 2 in all, 1 held back" in line, line
        relay.dedupctl("resolve", error)
        assert "resolved" in process.stdout.readline()
        relay.restart()
        relay.send(error_report(1))
        line = process.stdout.readline()
        assert "+1 mail; now 3 in all, 1 held back" in line and "1 went out" in line and "not resolved any more" in line, line
        process.send_signal(signal.SIGINT)
        process.wait(10)


def test_doctor(workshop: Workshop):
    """All works; then what fails is named, with what to do."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    relay.send(error_report(1))
    done = relay.dedupctl("doctor")
    assert done.returncode == 0 and "fails" not in done.stdout, done.stdout + done.stderr
    for check in ["configuration", "daemon", "listener", "disk", "store", "spool", "upstream"]:
        assert f" {check} " in done.stdout, done.stdout
    sink.stop()
    done = relay.dedupctl("doctor")
    assert done.returncode == 1 and "-> " in done.stdout and one_clear_line(done.stderr) == "dedupctl: one check fails"
    states = {finding["check"]: finding["state"] for finding in relay.ask_whatever("doctor")}
    assert states["upstream"] == "fails" and states["listener"] == "works"
    assert relay.dedupctl("doctor").returncode == 1
    assert "correct [delivery], then: dedupctl reload" in done.stdout
    relay.stop()
    relay.config.write_text(relay.config.read_text() + "[window]\nlenght = 1h\n")
    assert relay.dedupctl("doctor").returncode == UNREACHABLE
    findings = {finding["check"]: finding for finding in relay.ask_whatever("doctor")}
    assert findings["configuration"]["state"] == findings["daemon"]["state"] == findings["listener"]["state"] == "fails"
    assert "start it with: maildedup --config" in findings["listener"]["remedy"] and findings["store"]["state"] == "works"


def test_doctor_and_a_file_for_the_spool(workshop: Workshop):
    """Nothing waits where nothing can be put."""
    relay = workshop.relay().start()
    spool = relay.folder / "spool"
    relay.overrides = {"store": {"spool": str(spool)}}
    relay.write_config()
    relay.restart()
    spool.write_text("")
    findings = {finding["check"]: finding for finding in relay.ask_whatever("doctor")}
    assert findings["spool"]["state"] == "fails" and "is not a folder" in str(findings["spool"])
