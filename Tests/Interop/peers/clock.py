"""A clock that jumps, for one program; the others, and its own monotonic clocks, go on as ever."""
import mmap
import struct
import time
from pathlib import Path

from . import preload


class Clock:
    """The wall clock of the program under `prefix`; `folder` has to be a new one."""

    def __init__(self, folder: Path):
        self.file = folder / "clock"
        self.ahead = 0.0
        self.library = preload.build("clockshim", folder)
        self.file.write_bytes(bytes(8))
        with open(self.file, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 8)

    @property
    def prefix(self) -> list[str]:
        """What stands before the command of the program."""
        return ["env", f"LD_PRELOAD={self.library}", f"CLOCK_AHEAD={self.file}"]

    @property
    def now(self) -> float:
        """What it shows, as seconds since 1970."""
        return time.time() + self.ahead

    def jump(self, seconds: float) -> None:
        """Sets it forward, or back."""
        self.show(self.now + seconds)

    def show(self, moment: float) -> None:
        """Sets it to a moment, from which it goes on."""
        self.ahead = moment - time.time()
        struct.pack_into("=q", self.memory, 0, round(self.ahead * 1e9))
