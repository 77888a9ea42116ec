"""A disk that fails at the call one wishes, for one program: a preloaded library, and the file that tells it."""
import errno
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

# As `struct control` of faultshim.c has it.
_plan = struct.Struct("=QQQII")
_report = struct.Struct("=Q240s")
_loss = struct.Struct("=QQQQ")
_calls, _first, _failed, _lost, _size = 0, 8, 40, 288, 320

FOREVER = 2**63


@dataclass(frozen=True)
class Kind:
    """How a call fails: with which error, or, without one, a write by taking half of what it was given."""

    name: str
    code: int
    # Half of what a failing write was given is written all the same.
    torn: bool = False
    # Everything is taken, but no sync succeeds: what a disk that goes bad looks like behind the cache of the kernel.
    syncs_only: bool = False
    # No file can be removed.
    unlinks_only: bool = False
    # Nothing fails before the first sync, and everything from that on.
    begins_with_sync: bool = False

    @property
    def flags(self) -> int:
        """As the library has them."""
        return self.torn | self.syncs_only << 1 | self.unlinks_only << 2 | self.begins_with_sync << 3


KINDS = [Kind("EIO", errno.EIO, torn=True), Kind("ENOSPC", errno.ENOSPC), Kind("short", 0)]
SYNCS = Kind("syncs", errno.EIO, syncs_only=True)
GONE = Kind("gone", errno.EIO, begins_with_sync=True)
UNLINKS = Kind("unlinks", errno.EIO, unlinks_only=True)


class FaultyDisk:
    """A folder whose files only the program under `prefix` has trouble with."""

    def __init__(self, library: Path, folder: Path):
        self.library, self.folder = library, folder
        self.control = folder.with_name(folder.name + ".faults")
        folder.mkdir(parents=True)
        self.control.write_bytes(bytes(_size))
        with open(self.control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), _size)

    @property
    def prefix(self) -> list[str]:
        """What stands before the command of the program."""
        return ["env", f"LD_PRELOAD={self.library}", f"FAULT_FOLDER={self.folder}", f"FAULT_CONTROL={self.control}"]

    def fail(self, kind: Kind, first: int = 1, last: int = FOREVER, every: int = 1) -> None:
        """The calls `first`, `first + every` and so on fail, up to `last`; they are counted from the start, from 1."""
        _plan.pack_into(self.memory, _first, first, last, every, kind.code, kind.flags)

    def lose(self, file: Path, begin: int, end: int) -> None:
        """These octets of the file cannot be read from now on, whatever else fails."""
        _loss.pack_into(self.memory, _lost, begin, end, 0, file.stat().st_ino)

    @property
    def lost_reads(self) -> int:
        """How often what is lost was asked for."""
        return _loss.unpack_from(self.memory, _lost)[2]

    def heal(self) -> None:
        """Nothing fails any more."""
        _plan.pack_into(self.memory, _first, 0, 0, 0, 0, 0)

    @property
    def calls(self) -> int:
        """How many calls there were that could have failed."""
        return int.from_bytes(self.memory[_calls:_calls + 8], "little")

    @property
    def failures(self) -> tuple[int, str]:
        """How many calls failed, and what the last one of them was."""
        failed, hit = _report.unpack_from(self.memory, _failed)
        return failed, hit.split(b"\0")[0].decode()
