"""Waiting for something to become true, never for a time to pass."""
import socket
import threading
import time

_tick = threading.Event()


def pause(seconds: float) -> None:
    """A short breath between two looks."""
    _tick.wait(seconds)


def until(look, what: str, seconds: float = 15.0):
    """Looks again and again until `look()` is true, and returns what it gave; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for: {what}; last seen: {seen!r}")
        pause(0.02)


def stays(look, seconds: float) -> bool:
    """Whether `look()` is true all through `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not look():
            return False
        pause(0.05)
    return True


def free_port() -> int:
    """A port of the loopback interface that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
