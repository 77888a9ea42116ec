"""Every verb of dedupctl: for people, for programs, with the daemon down, without permission, with a wrong argument.

The verbs come from dedupctl itself, so one that is added and has no row here fails.
"""
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary, one_clear_line, run_dedupctl
from peers.waiting import until

FAILURE, USAGE, NOTHING_MATCHED, UNREACHABLE, PERMISSION = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Verb:
    """How a verb is called; `{error}`, `{other}`, `{mail}` and `{file}` stand for what the desk has."""

    arguments: list[str] = field(default_factory=list)
    # reads: answers from the store when the daemon is down. asks: needs the daemon. offline: needs neither.
    kind: str = "reads"
    # Words of what people see.
    shows: str = ""
    # What ends in 3, where something can match nothing.
    nothing: list[str] | None = None
    # The table of a verb that ends in another status than 0 on this desk.
    status: int = 0


VERBS = {
    "list": Verb(["--all"], shows="KeyError", nothing=None),
    "show": Verb(["{error}"], shows="Fingerprint", nothing=["00000000"]),
    "top": Verb(["-n", "1"], shows="KeyError"),
    "status": Verb(shows="Version"),
    "stats": Verb(shows="suppressed"),
    "export": Verb(shows="KeyError"),
    "summary": Verb(shows="Subject:"),
    "queue list": Verb(shows="KIND"),
    "queue show": Verb(["{mail}"], shows="admins@shop.example", nothing=["00000000"]),
    "queue hold": Verb(["{mail}"], "asks", "{mail}", nothing=["00000000"]),
    "queue release": Verb(["{mail}"], "asks", "{mail}", nothing=["00000000"]),
    "queue reroute": Verb(["{mail}", "--to", "127.0.0.1:9"], "asks", "{mail}", nothing=["00000000", "--to", "default"]),
    "queue flush": Verb([], "asks", ""),
    "queue delete": Verb(["{mail}", "--yes"], "asks", "{mail}", nothing=["00000000", "--yes"]),
    "silence add": Verb(["{error}", "--for", "1h", "--reason", "tried"], "asks", "KeyError",
                        nothing=["00000000", "--for", "1h", "--reason", "tried"]),
    "silence list": Verb(["--all"], shows="tried"),
    "silence expire": Verb(["1"], "asks", "ended", nothing=["99"]),
    "resolve": Verb(["{error}"], "asks", "Resolved", nothing=["00000000"]),
    "pass": Verb(["{error}"], "asks", "KeyError", nothing=["00000000"]),
    "release": Verb(["{error}"], "asks", "", nothing=["00000000"]),
    "merge": Verb(["{error}", "{other}"], "asks", "is part of", nothing=["00000000", "11111111"]),
    "split": Verb(["{error}"], "asks", "released", nothing=["00000000"]),
    "purge": Verb(["{other}", "--yes"], "asks", "Removed", nothing=["00000000", "--yes"]),
    "reload": Verb([], "asks", "Nothing changed"),
    "ping": Verb([], "asks", ""),
    "test-upstream": Verb([], "asks", "", status=FAILURE),
    "rules list": Verb([], "offline", "RULE"),
    "rules test": Verb(["{file}"], "offline", ""),
    "rules suggest": Verb(shows="No error is merged or split"),
    "replay": Verb(["{file}"], "offline", ""),
    "fingerprint": Verb(["{file}"], "offline", "KeyError"),
    "check-config": Verb([], "offline", "no errors"),
}


def verbs_of_the_program() -> set[str]:
    """All commands that have none below them, from dedupctl's own description of itself."""
    told = subprocess.run([binary("dedupctl"), "--experimental-dump-help"], capture_output=True, text=True, check=True)
    found = set()

    def walk(command: dict, above: list[str]) -> None:
        below = [one for one in command.get("subcommands", []) if one["commandName"] != "help"]
        for one in below:
            walk(one, above + [one["commandName"]])
        if not below:
            found.add(" ".join(above))

    walk(json.loads(told.stdout)["command"], [])
    return found


def test_each_verb_has_its_row():
    """A verb that nobody tries here would rot."""
    assert verbs_of_the_program() == set(VERBS)


class Counter:
    """A relay whose smarthost is down: two errors, one of them often, whose first mails wait in the queue."""

    def __init__(self, relay: Relay):
        self.relay = relay
        self.file = relay.folder / "mail.eml"
        self.file.write_bytes(error_report(1))
        for number in [1, 1, 1, 2]:
            relay.send(error_report(number))
        until(lambda: all(mail.get("last_failure") for mail in relay.queue()), "each was tried")
        errors = sorted(relay.errors(), key=lambda error: -error["total"])
        self.names = {"error": errors[0]["id"], "other": errors[1]["id"], "mail": relay.queue()[0]["id"],
                      "file": str(self.file)}

    def call(self, verb: str, arguments: list[str], *more: str) -> subprocess.CompletedProcess:
        """dedupctl VERB ARGUMENTS MORE."""
        return self.relay.dedupctl(*verb.split(), *self.filled(arguments), *more)

    def filled(self, arguments: list[str]) -> list[str]:
        """With the names of this desk."""
        return [argument.format(**self.names) for argument in arguments]


def desk(workshop: Workshop) -> Counter:
    """A desk of one's own, for verbs that change something."""
    sink = workshop.sink()
    relay = workshop.relay(sink, overrides={
        "delivery": {"retry-waits": "1h"}, "rule importer": {"type": "ImportFailed", "fingerprint": "type"}})
    sink.stop()
    return Counter(relay.start())


# In this order each finds what the one before left: the silence of `add` is what `list` and `expire` are about.
@pytest.fixture(scope="module")
def counter(peers: Workshop) -> Counter:
    """The desk of the people."""
    return desk(peers)


@pytest.fixture(scope="module")
def machine(peers: Workshop) -> Counter:
    """The same for programs."""
    return desk(peers)


each = pytest.mark.parametrize("verb", list(VERBS))


@each
def test_for_people(counter: Counter, verb: str):
    """Text without escape sequences in a pipe, with what one looks for."""
    row = VERBS[verb]
    done = counter.call(verb, row.arguments)
    assert done.returncode == row.status, done.stdout + done.stderr
    assert counter.filled([row.shows])[0] in done.stdout, done.stdout
    assert "\x1b" not in done.stdout


@each
def test_for_programs(machine: Counter, verb: str):
    """One JSON object a line and nothing else."""
    row = VERBS[verb]
    done = machine.call(verb, row.arguments, "-o", "json")
    assert done.returncode == row.status, done.stdout + done.stderr
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(isinstance(one, dict) for one in objects)
    assert objects or verb in ["rules list", "rules suggest", "queue flush"], "nothing to read"


@each
def test_what_matches_nothing(counter: Counter, verb: str):
    """Status 3, and a line that says so."""
    row = VERBS[verb]
    if row.nothing is None:
        return
    done = counter.call(verb, row.nothing)
    assert done.returncode == NOTHING_MATCHED, done.stdout + done.stderr
    assert one_clear_line(done.stderr).startswith("dedupctl: ")


@each
def test_a_wrong_argument(verb: str):
    """Status 2, and the usage of that verb."""
    done = run_dedupctl(*verb.split(), "--no-such-option")
    assert done.returncode == USAGE and not done.stdout
    assert f"dedupctl {verb}" in done.stderr, done.stderr


@pytest.fixture(scope="module")
def stopped(peers: Workshop) -> Counter:
    """A desk whose daemon is down."""
    counter = desk(peers)
    assert counter.relay.stop() == 0
    return counter


@each
def test_with_the_daemon_down(stopped: Counter, verb: str):
    """What reads, reads the store and says so; what changes something ends with status 4; the rest does not mind."""
    row = VERBS[verb]
    done = stopped.call(verb, row.arguments)
    if row.kind == "asks":
        assert done.returncode == UNREACHABLE and not done.stdout, done.stdout + done.stderr
        assert "no daemon answers" in one_clear_line(done.stderr)
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("The daemon is down" in done.stderr) == (row.kind == "reads"), done.stderr


@pytest.fixture(scope="module")
def guarded(peers: Workshop) -> Counter:
    """A desk that a stranger may look at, but not ask."""
    counter = desk(peers)
    # Its way there is open; the socket and the store are not.
    for folder in [counter.relay.folder, *counter.relay.folder.parents[:-2]]:
        folder.chmod(0o755)
    counter.relay.config.chmod(0o644)
    return counter


@each
def test_without_permission(guarded: Counter, verb: str):
    """Status 5 and a line that says what to do; of what needs no daemon, when the configuration is closed."""
    row = VERBS[verb]
    config = guarded.relay.config
    config.chmod(0o600 if row.kind == "offline" else 0o644)
    done = as_nobody(binary("dedupctl"), *verb.split(), *guarded.filled(row.arguments), "--config", str(config))
    assert done.returncode == PERMISSION, done.stdout + done.stderr
    assert not done.stdout
    assert str(config if row.kind == "offline" else "control.sock") in one_clear_line(done.stderr)


def as_nobody(*command: str) -> subprocess.CompletedProcess:
    """Runs a command as a user who is in no group of ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_no_headers(counter: Counter):
    """A table without its first line."""
    whole, rest = (counter.call("list", ["--all"], *more).stdout.splitlines() for more in [[], ["--no-headers"]])
    assert whole[0].startswith("ID") and whole[1:] == rest


def test_a_prefix_that_names_several_changes_nothing(workshop: Workshop):
    """What changes something wants one error."""
    relay = workshop.relay().start()
    # Of so many two begin with the same digit.
    for number in range(17):
        relay.send(error_report(number))
    digits = [error["id"][0] for error in relay.errors()]
    several = next(digit for digit in digits if digits.count(digit) > 1)
    for verb in [["resolve"], ["pass"], ["release"], ["split"], ["silence", "add", "--for", "1h", "--reason", "x"],
                 ["purge", "--yes"]]:
        done = relay.dedupctl(*verb, several)
        assert done.returncode == USAGE and "several errors" in one_clear_line(done.stderr), f"{verb}: {done.stderr}"
    assert not relay.ask("list", "--silenced", "--all") and all("resolved_at" not in one for one in relay.errors())
