"""How long a web request waits for its mail: from the connect to the reply to QUIT, ours and Postfix's, in one run.

    .venv/bin/python Benchmarks/latency.py [--mails 200] [--rounds 5] [--octets 10000] [--json FILE]

One client sends one mail after the other, a connection each, as Django does. Both servers store the mail durably below
the same folder and pass it on to a sink of their own. They take turns, and the medians of the rounds are compared.
MAILDEDUP_BIN_DIR names the build to measure (`make bench` takes the release build); Postfix needs root.
"""
import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests" / "Interop"))

from peers.postfix import Postfix  # noqa: E402
from peers.quicksink import QuickSink  # noqa: E402
from peers.relay import Relay  # noqa: E402


def mail(number: int, octets: int) -> bytes:
    """An ordinary mail, of which no two are the same."""
    head = f"From: <shop@shop.example>\r\nTo: <ann@example.org>\r\nMessage-ID: <{number}@shop.example>\r\n\r\n".encode()
    line = b"x" * 70 + b"\r\n"
    return head + line * max(1, (octets - len(head)) // len(line))


def send(port: int, message: bytes) -> float:
    """Sends one mail; milliseconds from the connect to the last reply."""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        _reply(replies, b"220")
        for line, code in ((b"EHLO web", b"250"), (b"MAIL FROM:<shop@shop.example>", b"250"),
                           (b"RCPT TO:<ann@example.org>", b"250"), (b"DATA", b"354")):
            connection.sendall(line + b"\r\n")
            _reply(replies, code)
        connection.sendall(message + b".\r\n")
        _reply(replies, b"250")
        connection.sendall(b"QUIT\r\n")
        _reply(replies, b"221")
    return 1000 * (time.perf_counter() - begun)


def _reply(replies, code: bytes) -> None:
    while True:
        line = replies.readline()
        assert line.startswith(code), line
        if line[3:4] != b"-":
            return


def percentile(times: list[float], part: float) -> float:
    """The time that this part of the mails did not exceed."""
    return sorted(times)[min(len(times) - 1, int(part * len(times)))]


def measure(ports: dict[str, int], mails: int, rounds: int, octets: int) -> dict[str, list[list[float]]]:
    """The times of each server, round by round; the first round only warms up."""
    times: dict[str, list[list[float]]] = {name: [] for name in ports}
    number = 0
    for turn in range(rounds + 1):
        for name, port in ports.items():
            number += mails
            taken = [send(port, mail(number + index, octets)) for index in range(mails)]
            # What is still being passed on must not disturb the other's turn.
            time.sleep(1)
            if turn:
                times[name].append(taken)
    return times


def summary(times: list[list[float]]) -> dict[str, float]:
    """What the rounds of one server come to."""
    every = [taken for turn in times for taken in turn]
    return {"median": statistics.median(statistics.median(turn) for turn in times),
            "p99": percentile(every, 0.99), "max": max(every)}


def main() -> None:
    """Runs both and prints what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("mails", 200), ("rounds", 5), ("octets", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # One sink each; a sink that is slow for one must not be slow for the other.
    sinks = [QuickSink().start(), QuickSink().start()]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        relay, postfix = Relay(Path(folder) / "relay", sinks[0].port).start(), Postfix(sinks[1].port).start()
        try:
            ports = {"maildedup": relay.port, "postfix": postfix.port}
            times = measure(ports, options.mails, options.rounds, options.octets)
        finally:
            relay.stop()
            postfix.remove()
            for sink in sinks:
                sink.stop()
    found = {name: summary(turns) for name, turns in times.items()}
    ratio = found["maildedup"]["median"] / found["postfix"]["median"]
    print(f"connect to QUIT, {options.octets} octets, {options.rounds} rounds of {options.mails} mails, ms:")
    for name, figures in found.items():
        print(f"  {name:10}" + "".join(f"  {key} {value:7.2f}" for key, value in figures.items()))
    print(f"  median of ours / Postfix's: {ratio:.2f}")
    if options.json:
        options.json.write_text(json.dumps({"options": vars(options) | {"json": str(options.json)}, "ms": found,
                                            "ratio": ratio}, indent=2) + "\n")


if __name__ == "__main__":
    main()
