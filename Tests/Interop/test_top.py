"""dedupctl top on a terminal: it keeps its head, takes keys, and leaves the terminal as it found it."""
import signal

import pytest

from conftest import Workshop
from peers.relay import binary
from peers.terminal import Screen
from peers.verbs import Counter, desk

UP, DOWN = "\x1b[A", "\x1b[B"
# The cursor shown, and the screen of before.
RESTORED = "\x1b[?25h\x1b[?1049l"


@pytest.fixture
def counter(workshop: Workshop) -> Counter:
    """Two errors, one of them often."""
    return desk(workshop)


def top(counter: Counter, *more: str) -> Screen:
    """dedupctl top that has shown its first view."""
    screen = Screen([binary("dedupctl"), "--config", str(counter.relay.config), "top", "--every", "1", *more])
    screen.wait_for("q quit")
    return screen


def test_keys(counter: Counter):
    """Choose, silence after a question, look at the error, leave."""
    screen = top(counter)
    first, second = (counter.names[name] for name in ["error", "other"])
    assert f"> {first}" in screen.written and f"> {second}" not in screen.written and "PER MIN" in screen.written
    screen.press(DOWN)
    screen.wait_for(f"> {second}")
    screen.press("s")
    screen.wait_for("y/n")
    screen.press("n")
    screen.wait_for("q quit")
    assert counter.relay.ask("silence", "list") == []
    screen.press("s")
    screen.wait_for("y/n")
    screen.press("y")
    screen.wait_for("dedupctl silence expire")
    assert counter.relay.ask("silence", "list")[0]["error"]["id"] == second
    screen.press(UP + "r")
    screen.wait_for("Its next mail goes out")
    screen.press("y")
    screen.wait_for("Resolved:")
    screen.press("\r")
    screen.wait_for("arrows scroll")
    assert "Fingerprint" in screen.written
    screen.press("q")
    screen.wait_for("PER MIN")
    screen.press("q")
    assert screen.end() == 0 and RESTORED in screen.written and screen.modes == screen.before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_restores_the_terminal(counter: Counter, number: signal.Signals):
    """Whatever ends it."""
    screen = top(counter)
    assert screen.modes_now() != screen.before
    screen.process.send_signal(number)
    assert screen.end() == -number and RESTORED in screen.written and screen.modes == screen.before


def test_a_daemon_that_goes_away(counter: Counter):
    """The view stays and goes on from the store."""
    screen = top(counter)
    counter.relay.stop()
    screen.press("x")
    screen.wait_for(counter.names["error"])
    screen.press("q")
    assert screen.end() == 0 and screen.modes == screen.before


@pytest.mark.parametrize("keys", ["", "s", "\r"])
def test_a_terminal_that_goes_away(counter: Counter, keys: str):
    """It ends, also while it asks or shows, and does not wait for keys that nobody can press."""
    screen = top(counter)
    if keys:
        screen.press(keys)
        screen.wait_for("y/n" if keys == "s" else "arrows scroll")
    screen.hang_up()
