"""What bash completes for dedupctl."""
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import binary
from peers.verbs import Counter, desk
from peers.waiting import until


def completed(counter: Counter, *words: str) -> list[str]:
    """What bash offers for the last word, with the configuration of that desk."""
    return offered("--config", str(counter.relay.config), *words)


def offered(*words: str) -> list[str]:
    """What bash offers for the last word."""
    script = subprocess.run([binary("dedupctl"), "--generate-completion-script", "bash"], capture_output=True, text=True)
    line = ["dedupctl", *words]
    asked = (
        f"{script.stdout}\nCOMP_WORDS=({' '.join(shlex.quote(word) for word in line)})\nCOMP_CWORD={len(line) - 1}\n"
        'COMP_LINE="${COMP_WORDS[*]}"\nCOMP_POINT=${#COMP_LINE}\n_dedupctl dedupctl "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"')
    path = os.environ | {"PATH": f"{Path(binary('dedupctl')).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, env=path)
    return [word.strip() for word in done.stdout.splitlines()]


def test_completion(workshop: Workshop):
    """The shell offers what the daemon has: ids of errors and of mails, sites, silences; nothing when it is down."""
    counter = desk(workshop)
    silence = counter.relay.ask("silence", "add", counter.names["error"])[0]
    errors = {error["id"] for error in counter.relay.errors()}
    assert errors <= set(completed(counter, "show", ""))
    assert completed(counter, "show", counter.names["error"][:3]) == [counter.names["error"]]
    assert {mail["id"] for mail in counter.relay.queue()} <= set(completed(counter, "queue", "show", ""))
    assert str(silence["id"]) in completed(counter, "silence", "expire", "")
    hostile = counter.relay.folder / "expanded"
    counter.relay.send(error_report(4).replace(b"[Django]", f"[$(touch {hostile})`touch {hostile}`]".encode()))
    until(lambda: any("touch" in error["site"] for error in counter.relay.errors()), "a site with a hostile name")
    words = completed(counter, "list", "--site", "")
    assert any("Django" in word for word in words) and not any("touch" in word for word in words)
    assert not hostile.exists(), "bash expanded a name that came in a mail"
    counter.relay.stop()
    assert not errors & set(completed(counter, "show", ""))


def test_completion_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where a file is asked for, and the rules of the configuration."""
    (tmp_path / "dedup.conf").write_text("[rule scanners]\npath = /wp-admin\naction = summary-only\n")
    monkeypatch.chdir(tmp_path)
    for words in [["check-config"], ["fingerprint"], ["replay"], ["rules", "test"], ["list", "-c"], ["--config"]]:
        assert "dedup.conf" in offered(*words, "ded"), words
    for verb in [["list"], ["silence", "add"]]:
        assert offered(*verb, "--config", "dedup.conf", "--rule", "") == ["scanners"], verb


@pytest.mark.parametrize(("words", "expected"), [
    (["help", "qu"], ["queue"]), (["queue", "list", "--kind", "no"], ["notice"]),
    (["sho"], ["show"]), (["queue", "re"], ["release", "reroute"]), (["silence", ""], ["add", "list", "expire"]),
    (["show", "--s"], ["--site"]), (["list", "--sort", "si"], ["since-last-mail"]), (["show", ""], []),
    (["--config", "nowhere.conf", "sta"], ["status", "stats"]), (["list", "--acti"], ["--active"]),
], ids=" ".join)
def test_completion_without_a_daemon(words: list[str], expected: list[str]):
    """Verbs, options and their values need none, nor a configuration; ids do."""
    words = offered(*words)
    assert set(expected) <= set(words) and (expected or not [word for word in words if word and not word.startswith("-")]), words
