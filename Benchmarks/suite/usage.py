"""What a process and all its children have used so far."""
import os
import threading
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds (user and system) and octets written to disk."""

    cpu: float
    written: int

    def __sub__(self, before: "Usage") -> "Usage":
        return Usage(self.cpu - before.cpu, self.written - before.written)


def family(root: int) -> list[int]:
    """`root` and all that descends from it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                parents[int(folder.name)] = int(fields[1])
    members, found = [], [root]
    while found:
        member = found.pop()
        members.append(member)
        found += [child for child, parent in parents.items() if parent == member]
    return members


def _stat(pid: int) -> list[str] | None:
    """The fields behind the name, which may hold spaces."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def used(root: int) -> Usage:
    """Of the living and of the dead: what a child used is its parent's once that has waited for it."""
    cpu, written = 0.0, 0
    for pid in family(root):
        fields = _stat(pid)
        if not fields:
            continue
        cpu += sum(int(field) for field in fields[11:15]) / _TICK
        try:
            lines = (Path("/proc") / str(pid) / "io").read_text().splitlines()
        except OSError:
            continue
        written += next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
    return Usage(cpu, written)


def resident(pid: int) -> int:
    """The resident memory of one process in octets."""
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


class Peak:
    """Watches the resident memory of a process; a context whose `octets` is the highest that was seen."""

    def __init__(self, pid: int):
        self._pid, self._over = pid, threading.Event()
        self.octets = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self.octets = max(self.octets, resident(self._pid))

    def __enter__(self) -> "Peak":
        self.octets = resident(self._pid)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
