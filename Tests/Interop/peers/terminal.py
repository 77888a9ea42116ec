"""A terminal of any size for a command to write to."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata
from dataclasses import dataclass

_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Shown:
    """What stands on the terminal afterwards, as it was written."""

    returncode: int
    raw: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """Without styles."""
        return _STYLE.sub("", self.raw).replace("\r\n", "\n").splitlines()


def show(command: list[str], columns: int = 80, **environment: str) -> Shown:
    """Runs a command whose standard output is a terminal that wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    settings = dict({"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "", "PATH": os.environ["PATH"]}, **environment)
    with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True, env=settings) as process:
        os.close(theirs)
        raw = b"".join(iter(lambda: _read(ours), b""))
        stderr = process.stderr.read()
    os.close(ours)
    return Shown(process.returncode, raw.decode(), stderr)


class Screen:
    """A program that a person sits before: what it writes, and keys for it."""

    def __init__(self, command: list[str], columns: int = 80, lines: int = 24):
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self._theirs)
        self.written = ""
        settings = {"TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            command, stdin=self._theirs, stdout=self._theirs, stderr=self._theirs, env=settings, start_new_session=True)

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Until that was written since the last key."""
        end = time.monotonic() + seconds
        while text not in self.written:
            left = end - time.monotonic()
            assert left > 0, f"no {text!r}: {self.written!r}"
            if select.select([self._ours], [], [], left)[0]:
                self.written += _read(self._ours).decode(errors="replace")

    def press(self, keys: str) -> None:
        """Forgets what was written, and presses keys."""
        self.written = ""
        os.write(self._ours, keys.encode())

    def hang_up(self) -> int:
        """Takes the terminal away; the exit status."""
        os.close(self._theirs)
        os.close(self._ours)
        return self.process.wait(20)

    def modes_now(self) -> list:
        """Of the terminal."""
        return termios.tcgetattr(self._theirs)

    def end(self) -> int:
        """Waits for the end; afterwards `modes` are those that it leaves."""
        code = self.process.wait(20)
        while select.select([self._ours], [], [], 0.1)[0] and (piece := _read(self._ours)):
            self.written += piece.decode(errors="replace")
        self.modes = termios.tcgetattr(self._theirs)
        os.close(self._ours)
        os.close(self._theirs)
        return code


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # EIO: nobody has the other end any more.
        return b""


def cells(text: str) -> int:
    """How wide text is, by rules of its own: wide characters two, marks none."""
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
