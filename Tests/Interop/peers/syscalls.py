"""Reads what strace recorded: when bytes came in, what was synced, when the answer went out."""
import re
from dataclasses import dataclass
from pathlib import Path

TRACER = ["strace", "-D", "-f", "-ttt", "-y", "-s", "65536", "-e",
          "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync,rename,"
          "renameat,renameat2", "-e", "signal=none", "-o"]

INPUT = {"read", "readv", "recvfrom", "recvmsg"}
OUTPUT = {"write", "writev", "sendto", "sendmsg"}
SYNC = {"fsync", "fdatasync"}

_line = re.compile(r"^(?P<pid>\d+)\s+(?P<time>[\d.]+) (?P<rest>.*)$")
_call = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*?)(?:\)\s+= (?P<result>-?\d+).*| <unfinished \.\.\.>)$")
_string = re.compile(r'"((?:[^"\\]|\\.)*)"')
_resumed = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\)\s+= (?P<result>-?\d+)")


@dataclass
class Call:
    """One system call; `begun` and `ended` are line numbers of the trace, which order all threads."""

    name: str
    arguments: str
    begun: int
    ended: int
    result: int

    @property
    def target(self) -> str:
        """What the descriptor is: a path, or `socket:[…]`."""
        match = re.match(r"\d+<([^>]*)>", self.arguments)
        return match.group(1) if match else ""


def read(path: Path) -> list[Call]:
    """The calls of a trace, in the order in which they ended."""
    calls, open_calls = [], {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines()):
        parts = _line.match(line)
        if not parts:
            continue
        begun = _call.match(parts["rest"])
        resumed = _resumed.match(parts["rest"])
        if begun and begun["result"] is None:
            open_calls[parts["pid"]] = (begun["name"], begun["arguments"], number)
        elif begun:
            calls.append(Call(begun["name"], begun["arguments"], number, number, int(begun["result"])))
        elif resumed and parts["pid"] in open_calls:
            name, arguments, at = open_calls.pop(parts["pid"])
            calls.append(Call(name, arguments + resumed["arguments"], at, number, int(resumed["result"])))
    return calls


@dataclass
class Acknowledgement:
    """What happened between the last byte of a message and its 250."""

    syncs: list[Call]
    writes: list[Call]


def acknowledgement(calls: list[Call], token: str) -> Acknowledgement:
    """Finds the message whose last line is `token`, and what lies between its last byte and its 250.

    Only syncs that began after the last byte was read and ended before the answer was written count.
    """
    arrival = last_read_of(calls, token + r"\r\n.\r\n")
    answer = next(call for call in calls if call.name in OUTPUT and call.begun > arrival.ended
                  and call.target == arrival.target)
    assert '"250 ' in answer.arguments, f"the answer to DATA: {answer.arguments}"
    between = [call for call in calls if call.begun > arrival.ended and call.ended < answer.begun]
    return Acknowledgement(
        syncs=[call for call in between if call.name in SYNC and call.result == 0],
        writes=[call for call in between if call.name.startswith(("write", "pwrite"))])


def last_read_of(calls: list[Call], end: str) -> Call:
    """The read that brought the last byte of `end`; what a connection sends may come in pieces."""
    streams: dict[str, str] = {}
    for call in calls:
        if call.name not in INPUT or call.result <= 0:
            continue
        data = "".join(_string.findall(call.arguments))
        # A piece on each side of the seam is enough to find what lies across it.
        stream = streams.get(call.target, "")[-len(end):] + data
        if end in stream:
            return call
        streams[call.target] = stream
    raise AssertionError(f"no connection sent {end!r}")
