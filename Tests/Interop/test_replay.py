"""dedupctl replay: past mail in the forms in which admins have it, with other settings, beside a relay and without."""
import email
import json
import mailbox
import os
import re
import shlex
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest

from peers.relay import REPOSITORY, binary, run_dedupctl, write_config
from peers.verbs import PERMISSION, as_nobody

ERRORS = REPOSITORY / "Tests" / "FingerprintTests" / "Corpus" / "same"
START = datetime(2026, 11, 1, 9, tzinfo=timezone.utc)


def report(folder: str, minute: float) -> bytes:
    """A report of Django's, sent so many minutes after the start."""
    mail = email.message_from_bytes(min((ERRORS / folder).glob("*.eml")).read_bytes())
    del mail["Date"]
    mail["Date"] = format_datetime(START + timedelta(minutes=minute))
    return mail.as_bytes()


def month() -> list[bytes]:
    """Two bugs, one of them every ten minutes for three hours, the other twice; one ordinary mail."""
    often = [report("missing-table", minute) for minute in range(0, 180, 10)]
    seldom = [report("missing-parameter", minute) for minute in (5, 65)]
    text = "From: shop@shop.example\nTo: ann@customer.example\nSubject: Your order\n\nFrom us with thanks.\n"
    ordinary = f"Date: {format_datetime(START)}\n{text}"
    return often + seldom + [ordinary.encode()]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose store and socket nobody has."""
    write_config(tmp_path / "dedup.conf", {"store": {"directory": str(tmp_path / "store")}})
    return tmp_path / "dedup.conf"


def replay(config: Path, *arguments: str) -> list[dict]:
    """What it prints with -o json."""
    done = run_dedupctl("replay", "--config", str(config), *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_eml(folder: Path) -> Path:
    """The mails in files, in an order that says nothing."""
    (folder / "deep").mkdir(parents=True)
    for number, mail in enumerate(reversed(month())):
        (folder / ("deep" if number % 2 else "") / f"{number}.eml").write_bytes(mail)
    return folder


def as_mbox(path: Path) -> Path:
    """As Python writes an mbox file."""
    box = mailbox.mbox(path)
    for mail in month():
        box.add(mail)
    box.close()
    return path


def as_maildir(folder: Path) -> Path:
    """As Python writes a Maildir, some of it read already."""
    box = mailbox.Maildir(folder)
    for number, mail in enumerate(month()):
        message = mailbox.MaildirMessage(mail)
        message.set_subdir("cur" if number % 3 else "new")
        box.add(message)
    box.close()
    return folder


@pytest.mark.parametrize("make", [as_eml, as_mbox, as_maildir], ids=lambda make: make.__name__)
def test_every_form_of_mail_gives_the_same(make, config, tmp_path):
    """An hour's window: four mails of the one bug, two of the other; with other settings what they would do."""
    source = str(make(tmp_path / "mail"))
    now, longer, all_of_it = replay(config, source, "--set", "length=4h, milestones=10", "--set", "mode=pass")
    sums = ("mails", "forwarded", "held_back", "ordinary", "doubtful", "inbox")
    assert [now[name] for name in sums] == [21, 5, 15, 1, 0, 5]
    assert [longer[name] for name in sums] == [21, 2, 18, 1, 0, 3]
    assert [all_of_it[name] for name in sums] == [21, 20, 0, 1, 0, 20]
    assert longer["setting"] == "length = 4h; milestones = 10" and longer["milestones"] == 1
    often = max(now["errors"], key=lambda error: error["mails"])
    assert (often["mails"], often["sent"], often["held_back"]) == (18, 3, 15)
    assert often["longest_hidden"] == 50 * 60 and often["until_first_told"] == 0
    assert not (tmp_path / "store").exists(), "nothing is to be touched"


def test_the_timeline_names_each_mail(config, tmp_path):
    """Time, reason, error and count of whatever would have gone out; the same in JSON."""
    source = str(as_mbox(tmp_path / "mail"))
    rows = replay(config, source, "--timeline")
    assert [row["reason"] for row in rows] == ["first", "first", "window-elapsed", "window-elapsed", "window-elapsed"]
    moments = [datetime.fromisoformat(row["time"]) - START for row in rows]
    assert moments == [timedelta(minutes=minute) for minute in (0, 5, 60, 65, 120)]
    assert [row["held_back"] for row in rows] == [0, 0, 5, 0, 5]
    done = run_dedupctl("replay", "-c", str(config), source, "--timeline", "--set", "length=0")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert sum(" window-elapsed " in line for line in lines) == 3 + 18
    assert sum(rows[0]["errors"][0]["id"] in line for line in lines) == 3 + 18


def test_the_table_has_a_column_for_each_setting(config, tmp_path):
    """NOW, A, B in the order of the command line, with a legend, also for a whole configuration."""
    other = tmp_path / "other.conf"
    write_config(other, {"window": {"length": "15min"}, "rule noise": {"type": "*", "action": "silence"}})
    source = str(as_mbox(tmp_path / "mail"))
    done = run_dedupctl("replay", "-c", str(config), source, "--set", "length=4h", "--settings", str(other))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("21 mails from 2026-11-01") and "20 error reports, 0 doubtful, 1 ordinary" in lines[0]
    assert ["A", "length = 4h"] == [line.split(maxsplit=1) for line in lines if line.startswith("A ")][0]
    assert any(line.split() == ["B", str(other)] for line in lines)
    assert any(line.split()[-3:] == ["5", "2", "0"] and "inbox" in line for line in lines)
    assert any(line.split() == ["2026-11-01", "20", "5", "2", "0"] for line in lines)


def test_broken_files_are_named_and_skipped(config, tmp_path):
    """Noise, an empty file, a folder with the name of a mail: the rest is played."""
    folder = as_eml(tmp_path / "mail")
    (folder / "noise.eml").write_bytes(os.urandom(50_000))
    (folder / "empty.eml").write_bytes(b"")
    (folder / "odd.eml").mkdir()
    done = run_dedupctl("replay", "-c", str(config), str(folder), "-o", "json")
    assert done.returncode == 0
    assert "empty.eml is empty" in done.stderr and "odd.eml: Is a directory" in done.stderr
    assert json.loads(done.stdout)["mails"] == 22


@pytest.mark.parametrize(("code", "arguments", "words"), [
    (2, ["{mail}", "--set", "lenght=4h"], "did you mean length?"),
    (2, ["{mail}", "--set", "length=4"], "write 4s, 4min, 4h or 4d"),
    (2, [], "<file|dir|->"),
    (1, ["{mail}", "--settings", "{folder}/gone.conf"], "gone.conf"),
    (1, ["{folder}/gone"], "cannot open"),
    (3, ["{folder}/empty"], "there are no .eml files in"),
], ids=lambda value: str(value) if isinstance(value, int) else "")
def test_exit_statuses(code, arguments, words, config, tmp_path):
    """1 failure, 2 usage, 3 nothing found, each with what to do."""
    (tmp_path / "empty").mkdir()
    mail = as_mbox(tmp_path / "mail")
    filled = [argument.format(mail=mail, folder=tmp_path) for argument in arguments]
    done = run_dedupctl("replay", "-c", str(config), *filled)
    assert done.returncode == code and words in done.stderr, done.stderr
    assert done.stdout == ""


def test_mail_that_came_through_a_relay_is_played_as_it_came(workshop, config):
    """Fields, threads and counts are taken off again: what the relay sent is one error to a replay, and no answer."""
    relay = workshop.relay(overrides={"window": {"length": "0"}}).start()
    for _ in range(3):
        relay.send(report("missing-table", 0))
    relay.wait_drained()
    sent = list(relay.maildir.glob("new/*"))
    assert len(sent) == 3 and any(b"\nReferences:" in mail.read_bytes() for mail in sent)
    [row] = replay(config, str(relay.maildir))
    assert (row["mails"], row["ordinary"], row["forwarded"], len(row["errors"])) == (3, 0, 1, 1)
    table = run_dedupctl("replay", "-c", str(config), str(relay.maildir))
    assert "3 mails came through a MailDedup, which held at least 0 others back" in table.stdout
    relay.dedupctl("release", relay.errors()[0]["id"])
    relay.wait_drained()
    copies = len(list(relay.maildir.glob("new/*"))) - 3
    assert copies > 0 and replay(config, str(relay.maildir))[0]["mails"] == 3
    told = run_dedupctl("replay", "-c", str(config), str(relay.maildir)).stdout
    assert f"Left out: {copies} " in told and "that dedupctl release sent." in told


@pytest.mark.parametrize("verb", ["replay", "fingerprint"])
@pytest.mark.parametrize("closed", ["mail", "mail/cur", "one.eml"])
def test_mail_that_may_not_be_read(verb, closed, config, tmp_path):
    """A Maildir, one of its folders, a file: status 5, not an empty Maildir."""
    as_maildir(tmp_path / "mail")
    (tmp_path / "one.eml").write_bytes(month()[0])
    for folder in [tmp_path, *tmp_path.parents[:-2]]:
        folder.chmod(0o755)
    for folder in ["mail", "mail/cur", "mail/new", "mail/tmp"]:
        (tmp_path / folder).chmod(0o755)
    config.chmod(0o644)
    (tmp_path / closed).chmod(0)
    done = as_nobody(binary("dedupctl"), verb, "-c", str(config), str(tmp_path / closed.split("/")[0]))
    says = f"dedupctl: cannot read {tmp_path / closed}: permission denied"
    assert (done.returncode, done.stdout, done.stderr.strip()) == (PERMISSION, "", says)


def test_standard_input_is_read(config, tmp_path):
    """An mbox in a pipe."""
    source = as_mbox(tmp_path / "mail")
    done = run_dedupctl("replay", "-c", str(config), "-", "-o", "json", stdin=source.read_bytes())
    assert done.returncode == 0 and json.loads(done.stdout)["mails"] == 21, done.stderr


def test_every_command_of_the_guide_works_as_written(tmp_path, monkeypatch):
    """What docs/tuning.md tells admins to type, in a folder with the files that it names."""
    guide = (REPOSITORY / "docs" / "tuning.md").read_text()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 5
    as_mbox(tmp_path / "last-month.mbox")
    as_maildir(tmp_path / "Maildir")
    for name in ("dedup.conf", "trial.conf"):
        write_config(tmp_path / name, {"window": {"length": "1h"}})
    monkeypatch.setenv("HOME", str(tmp_path))
    for command in commands:
        words = [os.path.expanduser(word) for word in shlex.split(command)]
        assert words[0] == "dedupctl"
        done = run_dedupctl(*words[1:], folder=tmp_path)
        assert done.returncode == 0 and "21 mails" in done.stdout, f"{command}: {done.stderr}"
