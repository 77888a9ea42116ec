"""dedupctl purge: the mails that are kept of errors leave the disk, and nothing else does."""
import os
import pty
import stat
import subprocess

import pytest

from conftest import Workshop
from peers.ledger import Mail, letter, report
from peers.relay import Relay, binary, one_clear_line
from peers.waiting import until

COOKIE = "sessionid=s3cr3t-c00kie"


def leaky(token: str, error: str) -> Mail:
    """A report with a cookie in it."""
    mail = report(token, error)
    mail.text += f"\nCOOKIES:\n{COOKIE}-{error}\n"
    return mail


@pytest.fixture
def relay(workshop: Workshop, sink) -> Relay:
    """Two errors, three mails of each; what was forwarded is delivered."""
    relay = workshop.relay(sink).start()
    for number in range(3):
        for error in ("quote", "stock"):
            relay.send(leaky(f"{error}{number}", error).data)
    relay.wait_drained()
    return relay


def holding(relay: Relay, error: str) -> list[str]:
    """The files of the store with the cookie."""
    files = [path for path in relay.store.rglob("*") if path.is_file()]
    return [path.name for path in files if f"{COOKIE}-{error}".encode() in path.read_bytes()]


def id_of(relay: Relay, error: str) -> str:
    """What `dedupctl list` calls it."""
    return next(row["id"] for row in relay.errors() if error in row["place"])


def test_one_error_then_all(relay: Relay):
    """What is removed is in no file, and `show` says that it is not kept; counts stay; mail that comes is kept again."""
    [before] = {error["total"] for error in relay.errors()}
    assert "s3cr3t" in relay.dedupctl("show", "--mails", id_of(relay, "quote")).stdout
    done = relay.dedupctl("purge", "--yes", id_of(relay, "quote"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Removed 2 mails (") and done.stdout.endswith(" of 1 error.\n")
    assert holding(relay, "quote") == []
    assert "s3cr3t" not in relay.dedupctl("show", "--mails", id_of(relay, "quote")).stdout
    assert "s3cr3t" in relay.dedupctl("show", "--mails", id_of(relay, "stock")).stdout
    [removed] = relay.ask("purge", "--all", "-y")
    assert (removed["mails"], removed["errors"]) == (2, 1) and removed["octets"] > 1000
    assert holding(relay, "stock") == []
    assert [error["total"] for error in relay.errors()] == [before, before]
    assert "samples-removed" in relay.output()
    relay.send(leaky("again", "quote").data)
    assert "s3cr3t" in relay.dedupctl("show", "--mails", id_of(relay, "quote")).stdout


def test_the_queue_is_left_alone(workshop: Workshop, sink):
    """A mail that waits is delivered after the purge, whole."""
    relay = workshop.relay(sink).start()
    sink.stop()
    relay.send(leaky("waits", "quote").data)
    relay.send(letter("too").data)
    until(lambda: all(entry.get("last_failure") for entry in relay.queue()), "both were tried")
    assert relay.dedupctl("purge", "--all", "--yes").returncode == 0
    sink.start()
    [arrived] = sink.wait_for(lambda arrival: COOKIE.encode() in arrival.raw, "the report")
    assert arrived.raw.endswith(leaky("waits", "quote").data)
    relay.wait_drained()


def test_nobody_is_there_to_be_asked(relay: Relay):
    """Without a terminal nothing is removed unless --yes says so."""
    done = subprocess.run([binary("dedupctl"), "--config", str(relay.config), "purge", "--all"], timeout=30,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2 and "--yes" in one_clear_line(done.stderr)
    assert relay.dedupctl("purge", "-y", "--all").stdout.startswith("Removed 4 mails")


@pytest.mark.parametrize("answer, status", [("y", 0), ("yes", 0), ("n", 1), ("", 1)])
def test_the_question(relay: Relay, answer: str, status: int):
    """It says what would go; anything but yes removes nothing."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([binary("dedupctl"), "--config", str(relay.config), "purge", "--all"], stdin=theirs,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        os.write(ours, f"{answer}\n".encode())
        said, question = asked.communicate(timeout=30)
    os.close(theirs)
    os.close(ours)
    assert asked.returncode == status
    assert "Remove 4 mails (" in question and "of 2 errors?" in question
    assert bool(said) == (status == 0)
    assert bool(holding(relay, "stock")) == (status != 0)


def test_how_it_ends(relay: Relay):
    """The exit codes, and no slip that means all."""
    cases = [(("--all", "--older-than", "1d"), 3), (("ffffffff",), 3), (("",), 2), (("../x?all=true",), 3),
             ((id_of(relay, "quote"), "ffffffff"), 3), ((), 2), (("--all", id_of(relay, "quote")), 2),
             (("--older-than", "1 day"), 2), (("--older-than", "-1d"), 2)]
    for arguments, status in cases:
        done = relay.dedupctl("purge", "--yes", *arguments)
        assert done.returncode == status, (arguments, done.stderr)
        assert done.stdout == ""
    assert relay.dedupctl("purge", "--older-than", "0", "--yes").stdout.startswith("Removed 4 mails")
    relay.stop()
    down = relay.dedupctl("purge", "--all", "--yes")
    assert down.returncode == 4 and "no daemon answers" in one_clear_line(down.stderr)


def test_a_database_that_was_set_aside(workshop: Workshop, sink):
    """What it holds is not removed, and that is said."""
    relay = workshop.relay(sink)
    relay.store.mkdir(mode=0o700)
    (relay.store / "dedup.sqlite").write_bytes(b"no database" * 1000)
    relay.start()
    relay.send(leaky("one", "quote").data)
    done = relay.dedupctl("purge", "--all", "--yes")
    assert done.returncode == 0 and "set aside" in done.stderr and str(relay.store) in done.stderr


def test_files_are_for_the_relay_alone(relay: Relay):
    """0600 for each file of the store, 0700 for its folders."""
    relay.send(letter("large", padding=2 << 20).data)
    for path in [relay.store, *relay.store.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
