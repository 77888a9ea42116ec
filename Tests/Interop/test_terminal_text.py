"""What dedupctl puts on a terminal: it fits, can be copied, and commands nothing."""
import json

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import binary
from peers.terminal import cells, show
from peers.verbs import Counter, desk


@pytest.fixture(scope="module")
def counter(peers: Workshop) -> Counter:
    """Two errors, one of them often."""
    return desk(peers)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_help_leaves_examples_whole(columns: int):
    """A command that is to be copied stays in one line; all else fits."""
    lines = show([binary("dedupctl"), "silence", "add", "--help"], columns).lines
    examples = [line for line in lines if line.startswith("    dedupctl ")]
    assert len(examples) == 4 and examples[-1].endswith('"'), examples
    assert not [line for line in lines if cells(line) > columns and line not in examples], lines


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_an_error_in_full_fits(counter: Counter, columns: int):
    """The chart and the facts; the traceback is as it came."""
    command = [binary("dedupctl"), "--config", str(counter.relay.config), "show", counter.names["error"]]
    lines = show(command, columns).lines
    facts = lines[:lines.index("Last traceback")]
    assert "Last 24 hours" in facts and not [line for line in facts if cells(line) > columns], facts


def test_nothing_from_a_mail_commands_the_terminal(workshop: Workshop):
    """Neither escapes nor marks that turn the direction of writing, in whatever form the errors are asked for."""
    relay = workshop.relay().start()
    evil = error_report(1).replace(b"'step_ab'", "\x1b]0;x\x07\x1b[2J\u202egpj.\u2066\u2028evil".encode())
    for _ in range(2):
        relay.send(evil)
    error = relay.errors()[0]["id"]
    for words in [["list"], ["show", error, "--mails"], ["export"], ["export", "--csv"], ["list", "-o", "json"],
                  ["summary"], ["summary", "--html"], ["stats"], ["queue"]]:
        shown = show([binary("dedupctl"), "--config", str(relay.config), *words], 100)
        text = "\n".join(shown.lines)
        assert shown.returncode == 0 and not any(c in text for c in "\x1b\x07\u202e\u2066\u2028"), f"{words}: {text!r}"
    [row] = [line for line in relay.dedupctl("export").stdout.splitlines() if "evil" in line]
    assert json.loads(row)["id"] == error


@pytest.mark.parametrize("words", [
    ["show", "4\x1b[2J"], ["merge", "4813", "\x1b[31m"], ["list", "--since", "\x1b[31mx"], ["list", "--f\x1b[31moo"],
    ["fingerprint", "no\x1b[31mpe"], ["queue", "show", "\x1b]0;x\x07"]], ids=lambda words: words[0] if words else "")
def test_what_was_typed_comes_back_without_escapes(counter: Counter, words: list[str]):
    """An id or a path may come from a mail."""
    done = counter.relay.dedupctl(*words)
    assert done.returncode != 0 and done.stderr and not any(c in done.stderr for c in "\x1b\x07"), repr(done.stderr)
