"""Every verb of dedupctl: for people, for programs, with the daemon down, without permission, with a wrong argument.

The verbs come from dedupctl itself, so one that is added and has no row here fails.
"""
import json
import subprocess

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import binary, one_clear_line, run_dedupctl
from peers.verbs import NOTHING_MATCHED, PERMISSION, UNREACHABLE, USAGE, VERBS, Counter, as_nobody, desk

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
    # `fleet` needs one: test_fleet_engine.py has it.
    assert verbs_of_the_program() == set(VERBS) | {"fleet"}


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
    elif row.kind == "checks":
        assert done.returncode == UNREACHABLE and "no daemon answers" in done.stdout, done.stdout + done.stderr
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
    if row.kind == "checks":
        assert done.returncode == PERMISSION and "no permission" in done.stdout, done.stdout + done.stderr
        return
    assert done.returncode == PERMISSION, done.stdout + done.stderr
    assert not done.stdout
    assert str(config if row.kind == "offline" else "control.sock") in one_clear_line(done.stderr)


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
    for verb in [["resolve"], ["pass"], ["release"], ["split"], ["silence", "add"],
                 ["purge", "--yes"]]:
        done = relay.dedupctl(*verb, several)
        assert done.returncode == USAGE and "several errors" in one_clear_line(done.stderr), f"{verb}: {done.stderr}"
    assert not relay.ask("list", "--silenced", "--all") and all("resolved_at" not in one for one in relay.errors())
