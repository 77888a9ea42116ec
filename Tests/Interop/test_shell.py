"""dedupctl where a shell puts it: in pipes that close, on full devices, in narrow terminals, without a locale.

Each verb in each place, on one desk: what a verb does there twice may find nothing the second time, but it ends in order.
"""
import re
import subprocess

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary, one_clear_line, run_dedupctl
from peers.terminal import Shown, cells, show
from peers.verbs import PERMISSION, UNREACHABLE, USAGE, VERBS, Counter, as_nobody, desk

# What no message may show: a type or a label of Swift, an errno alone, a page of registers.
INTERNALS = re.compile(
    r"\w+\((?:\w+:)+\)|errno|Error Domain|NS\w+Error|Optional\(|Fatal error|\bat 0x|\bNIO|ChannelError|DecodingError")

each = pytest.mark.parametrize("verb", list(VERBS))


@pytest.fixture(scope="module")
def counter(peers: Workshop) -> Counter:
    """A desk with an error of which wide characters, an emoji and a combining mark are part."""
    counter = desk(peers)
    wide = error_report(3).replace(b"KeyError: 'step_ad'", "ValueError: 東京の注文 🐘 naïve e\u0301".encode())
    for _ in range(3):
        counter.relay.send(wide)
    return counter


def command(counter: Counter, verb: str, *more: str) -> list[str]:
    """The command line of a verb at that desk."""
    row = VERBS[verb]
    return [binary("dedupctl"), "--config", str(counter.relay.config), *verb.split(), *counter.filled(row.arguments),
            *more]


@each
def test_a_pipe_that_closed(counter: Counter, verb: str):
    """`dedupctl … | head -1` ends in silence, as any other program does."""
    script = '"$@" | true; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", "bash", "-c", 'sleep 0.2; exec "$@"', "bash", *command(counter, verb)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert not INTERNALS.search(done.stderr), done.stderr
    # 141: SIGPIPE. A verb that finds nothing to do the second time says so, on standard error.
    assert done.returncode == 141 and not done.stderr or done.returncode == 3, (done.returncode, done.stderr)


@each
@pytest.mark.parametrize("target", ["/dev/full", "&-"])
def test_output_that_cannot_be_written(counter: Counter, verb: str, target: str):
    """A full device or a closed output: one line that says so, and status 1."""
    done = subprocess.run(
        ["bash", "-c", f'exec "$@" >{target}', "bash", *command(counter, verb)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    line = one_clear_line(done.stderr)
    assert not INTERNALS.search(line), line
    if done.returncode != 3:
        has_done = VERBS[verb].kind == "asks" and verb not in ["watch", "ping", "test-upstream"]
        says = "done, but the output could not be written: " if has_done else "cannot write the output: "
        reason = "the disk is full" if target == "/dev/full" else "it is closed"
        assert done.returncode == 1 and line.startswith(f"dedupctl: {says}{reason}"), line


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["--version"]])
def test_help_that_cannot_be_written(arguments: list[str]):
    """Also what is no answer of the relay."""
    for target in ["/dev/full", "&-"]:
        done = subprocess.run(
            ["bash", "-c", f'exec "$@" >{target}', "bash", binary("dedupctl"), *arguments], capture_output=True, text=True)
        assert done.returncode == 1 and "cannot write the output" in one_clear_line(done.stderr)


@each
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_of_a_table_wraps(counter: Counter, verb: str, columns: int):
    """Tables keep to the terminal, counted in cells. What quotes a mail keeps the lines of that."""
    shown = show(command(counter, verb), columns)
    assert shown.returncode in (VERBS[verb].status, 3), shown.raw + shown.stderr
    if verb in ["list", "top", "stats", "queue list", "silence list", "rules list", "doctor"]:
        wide = [line for line in shown.lines if cells(line) > columns and not line.startswith("Fails: ")]
        assert not wide, f"wider than {columns}: {wide}"


@each
def test_a_terminal_without_styles_and_locale(counter: Counter, verb: str):
    """NO_COLOR means no styles; LANG=C means nothing but ASCII on the terminal."""
    shown = show(command(counter, verb), 80, NO_COLOR="1", LANG="C")
    text = shown.raw if verb != "top" else shown.raw.replace("\x1b[H\x1b[2J", "")
    assert not re.search(r"\x1b\[[0-9;]*m", text), text
    assert text.isascii(), [line for line in text.splitlines() if not line.isascii()]


def test_columns_stand_under_each_other(counter: Counter):
    """With wide characters, emoji and marks in the rows too."""
    shown = show(command(counter, "list"), 200)
    places = {cells(line[:line.index("orders/step_")]) for line in shown.lines if "orders/step_" in line}
    assert any("東京" in line for line in shown.lines) and len(places) == 1, shown.lines


@pytest.mark.parametrize(("make", "says"), [
    (lambda path: None, "there is no such socket"),
    (lambda path: path.write_text(""), "that is not a socket|nobody listens there"),
])
def test_nobody_answers(workshop: Workshop, make, says: str):
    """What happened, where, why, what to do."""
    relay = workshop.relay()
    make(relay.folder / "control.sock")
    done = relay.dedupctl("ping")
    line = one_clear_line(done.stderr)
    assert done.returncode == UNREACHABLE and re.search(says, line) and str(relay.folder / "control.sock") in line, line
    assert "start it with: maildedup --config" in line and not INTERNALS.search(line), line


def test_the_store_of_a_relay_that_never_ran(workshop: Workshop):
    """A verb that reads has neither daemon nor store: one line for both."""
    done = workshop.relay().dedupctl("list")
    line = one_clear_line(done.stderr)
    assert done.returncode == UNREACHABLE and "no daemon answers" in line and "store" in line, line
    assert not INTERNALS.search(line), line


def test_no_permission_on_the_socket(counter: Counter):
    """Who is not in the group of the socket is told so."""
    for folder in [counter.relay.folder, *counter.relay.folder.parents[:-2]]:
        folder.chmod(0o755)
    counter.relay.config.chmod(0o644)
    done = as_nobody(*command(counter, "ping"))
    line = one_clear_line(done.stderr)
    assert done.returncode == PERMISSION and "no permission to open" in line and "group" in line, line
    assert not INTERNALS.search(line), line


@pytest.mark.parametrize("section", ["control", "store"])
def test_a_folder_that_cannot_be_written(workshop: Workshop, section: str):
    """maildedup says which folder of which key, before it says that it listens."""
    relay: Relay = workshop.relay()
    for folder in [relay.folder, *relay.folder.parents[:-2]]:
        folder.chmod(0o755)
    closed, own = relay.folder / "closed", relay.folder / "own"
    closed.mkdir(mode=0o755)
    own.mkdir()
    own.chmod(0o777)
    relay.overrides = {"store": {"directory": str((closed if section == "store" else own) / "store")},
                       "control": {"socket": str((closed if section == "control" else own) / "control.sock")},
                       "delivery": {"maildir": str(own / "Maildir")}}
    relay.write_config()
    relay.config.chmod(0o644)
    done = as_nobody(binary("maildedup"), "--config", str(relay.config))
    assert done.returncode in (69, 74) and not done.stdout, done.stdout + done.stderr
    assert str(closed) in done.stderr and not INTERNALS.search(done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
