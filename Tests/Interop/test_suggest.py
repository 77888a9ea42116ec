"""`dedupctl rules suggest`: what the admin merged and split, as rules."""
import subprocess

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary


def id_of(relay: Relay, name: str) -> str:
    """The id of the error whose title has `name`."""
    return next(error["id"] for error in relay.errors() if name in error["error"])


def named(relay: Relay, config, *numbers: int) -> set[str]:
    """The fingerprints of the error mails of these numbers by `config`."""
    found = set()
    for number in numbers:
        file = relay.folder / f"{number}.eml"
        file.write_bytes(error_report(number))
        told = subprocess.run([binary("dedupctl"), "fingerprint", "--config", config, file], capture_output=True, text=True,
                              check=True)
        found.add(told.stdout.split("\t")[1])
    return found


def test_a_merge_becomes_a_rule(workshop: Workshop):
    """It parses, joins what was merged, names what it would join besides, and changes nothing by itself."""
    relay = workshop.relay().start()
    for number in [1, 2]:
        relay.send(error_report(number))
    assert "No error is merged" in relay.dedupctl("rules", "suggest").stdout
    assert relay.dedupctl("merge", id_of(relay, "step_ab"), id_of(relay, "step_ac")).returncode == 0
    before, told = relay.config.read_text(), relay.dedupctl("rules", "suggest")
    assert told.returncode == 0 and "It joins 2 errors" in told.stdout and "WARNING" not in told.stdout, told.stdout
    relay.send(error_report(3))
    told = relay.dedupctl("rules", "suggest").stdout
    assert "WARNING" not in told and "step_ad" not in told and "function = step_ab, step_ac\n" in told, told
    assert relay.config.read_text() == before
    ruled = relay.folder / "ruled.conf"
    ruled.write_text(before + "\n" + told)
    assert len(named(relay, relay.config, 1, 2)) == 2 and relay.check_config(ruled).returncode == 0
    assert len(named(relay, ruled, 1, 2)) == 1
    [row] = relay.ask("rules", "suggest", relay.folder / "1.eml")
    assert row["configuration"] in told and row["effect"]["matched"] == row["effect"]["mails"] == 1
    assert row["kind"] == "merged" and len(row["errors"]) == 2 and row["unkept"] == []
    relay.dedupctl("purge", "--all", "--yes")
    [row] = relay.ask("rules", "suggest")
    assert row["no_rule"] == "no error report of them is kept" and len(row["unkept"]) == 2


def test_a_rule_that_joins_more_is_commented_out(workshop: Workshop):
    """The file of one and the function of the other is an error that nobody merged."""
    relay = workshop.relay().start()
    for number in [1, 2]:
        relay.send(error_report(number))
    relay.dedupctl("merge", id_of(relay, "step_ab"), id_of(relay, "step_ac"))
    relay.send(error_report(1).replace(b"in step_ab", b"in step_ac").replace(b"<1@", b"<11@"))
    told = relay.dedupctl("rules", "suggest").stdout
    assert "WARNING: this rule also matches what you did not merge" in told.split("# [rule merged-")[0], told
    assert all(line.startswith("# ") for line in told.splitlines()), told


def test_an_installed_rule_comes_first(workshop: Workshop):
    """A suggestion that matches nothing says which rule already decides."""
    relay = workshop.relay(overrides={"rule keys": {"type": "KeyError", "action": "dedup"}}).start()
    for number in [1, 2]:
        relay.send(error_report(number))
    relay.dedupctl("merge", id_of(relay, "step_ab"), id_of(relay, "step_ac"))
    told = relay.dedupctl("rules", "suggest").stdout
    assert "it matches 0" in told and "[rule keys] comes first and already decides over 2 mails" in told, told
    [row] = relay.ask("rules", "suggest")
    assert row["effect"]["earlier"] == [{"rule": "keys", "mails": 2}]


def test_a_split_becomes_a_rule(workshop: Workshop):
    """The variants that are kept of a split error are told apart by what they say."""
    relay = workshop.relay().start()
    one, other = (error_report(1).replace(b"'step_ab'", text) for text in [b"no colour was given", b"no weight was known"])
    for mail in [one, other]:
        relay.send(mail)
    [error] = relay.errors()
    assert relay.dedupctl("split", error["id"]).returncode == 0
    relay.send(other)
    [row] = relay.ask("rules", "suggest")
    assert row["kind"] == "split" and "split-by = text" in row["configuration"], row
    assert len(row["errors"]) == 2 and row["effect"]["splits"] and not row["effect"]["strangers"]
