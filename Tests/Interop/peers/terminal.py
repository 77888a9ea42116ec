"""A terminal of any size for a command to write to."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
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
