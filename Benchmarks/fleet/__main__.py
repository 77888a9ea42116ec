"""Simulates a fleet of many relays against one real redis-server, which has a core of its own if the machine has two.

usage: python Benchmarks/fleet [--relays 100] [--errors 1000] [--rate 1000] [--seconds 30]

Each relay counts `--rate` mails a second of `--errors` errors, and pushes what changed at the interval that
`FleetPresence` takes: a second, or 10 ms for each error that changed if that is more, ten seconds at most. It pushes in
steps of 50, with the scripts of Sources/Fleet. Every window (an hour) each relay claims each error once. What is said
at the end is of the engine alone: commands a second, CPU, memory, and how long a claim took, the way there and back included.
"""
import argparse
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = REPOSITORY / "Sources" / "Fleet" / "Scripts"
PRESENCE = REPOSITORY / "Sources" / "MailDedup" / "Fleet" / "FleetPresence.swift"
AT_ONCE = 50
WINDOW = 3600


def main() -> None:
    """Runs the simulation and tells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relays", type=int, default=100)
    parser.add_argument("--errors", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=1000, help="mails a second at each relay")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        engine = Engine(Path(folder))
        try:
            Simulation(engine, options).run()
        finally:
            engine.stop()


class Engine:
    """A redis-server on a Unix socket."""

    def __init__(self, folder: Path):
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        pin = ["taskset", "-c", "0"] if os.cpu_count() > 1 else []
        path = folder / "engine.sock"
        self.process = subprocess.Popen(
            [*pin, program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._connection = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self._connection.connect(str(path))
                break
            except OSError:
                time.sleep(0.1)
        self._stream = self._connection.makefile("rb")

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(10)

    def ask(self, *words):
        """The answer to one command."""
        self._connection.sendall(encoded(words))
        return self._answer()

    def together(self, requests: list) -> None:
        """Sends encoded requests one by one, each after the answer to the one before, as relays do."""
        for request in requests:
            self._connection.sendall(request)
            answer = self._answer()
            assert answer[0] in (b"done", b"won", b"claimed", b"delivered"), answer

    def cpu(self) -> float:
        """The seconds of CPU that it used, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Octets that its data take."""
        return int(re.search(rb"used_memory:(\d+)", self.ask("INFO", "memory"))[1])

    def commands(self) -> dict[str, tuple[int, float]]:
        """Calls and microseconds a call, by command."""
        text = self.ask("INFO", "commandstats").decode()
        return {name: (int(calls), float(each)) for name, calls, each in
                re.findall(r"cmdstat_([^:]+):calls=(\d+),usec=\d+,usec_per_call=([\d.]+)", text)}

    def _answer(self):
        line = self._stream.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else self._stream.read(int(rest) + 2)[:-2]
        assert kind != b"-", rest
        return rest


def encoded(words) -> bytes:
    """A command in RESP."""
    raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in raw)


def script(name: str) -> str:
    """A script of the relay, as the engine gets it."""
    def literal(path: str, after: str) -> str:
        text = (SCRIPTS / path).read_text()
        return re.search(re.escape(after) + r'.*?"""\n(.*?)"""', text, re.S)[1]

    def plain(text: str) -> str:
        for swift, value in ((r"\(longestLease)", "60000"), (r"\(mostErrors + 1)", "100001")):
            text = text.replace(swift, value)
        assert r"\(" not in text
        return text

    kind = name.capitalize()
    return plain(literal("FleetScript.swift", "let beginning =") + literal(f"{kind}Script.swift", f'"{name}",'))


class Simulation:
    """The relays, one after the other at the times when each would push."""

    def __init__(self, engine: Engine, options: argparse.Namespace):
        self.engine, self.options = engine, options
        self.run_id, self.pushed, self.waits = b"run", 0, []
        self.hashes = {name: engine.ask("SCRIPT", "LOAD", script(name)) for name in ("push", "claim", "delivered", "hello")}
        self.errors = [f"maildedup:shop:e:{hashlib.sha256(b'%d' % n).hexdigest()[:32]}" for n in range(options.errors)]
        self.info = ('{"fingerprint":"4:%s","lastSeen":1764547200000,"place":"shop/orders/views.py in cart","prefix":"[Shop]",'
                     '"sender":"root@shop.example","site":"shop.settings","title":"OperationalError: connection to server '
                     'failed: FATAL: remaining connection slots are reserved"}' % ("a" * 32))
        self.templates = self._templates()
        changed = min(options.errors, options.rate)
        self.interval = min(10.0, max(1.0, 0.01 * changed))
        self.changed = min(options.errors, int(options.rate * self.interval))

    def run(self) -> None:
        """Fills the engine, then simulates and measures."""
        for relay in range(self.options.relays):
            self.engine.together(self._pushes(relay, 1, self.options.errors))
        rounds = max(1, round(self.options.seconds / self.interval))
        begun, cpu, before = time.monotonic(), self.engine.cpu(), self.engine.commands()
        late, claims = 0.0, self._claims_due()
        for turn in range(rounds):
            for relay in range(self.options.relays):
                requests = self._pushes(relay, turn + 2, self.changed) + [self._hello(relay)]
                self.pushed += self.changed
                requests += [self._claim(relay, number) for number in range(claims)]
                due = begun + (turn + relay / self.options.relays) * self.interval
                if (wait := due - time.monotonic()) > 0:
                    time.sleep(wait)
                late = max(late, time.monotonic() - due)
                self.engine.together(requests[:-claims])
                for request in requests[-claims:]:
                    asked = time.monotonic()
                    self.engine.together([request])
                    self.waits.append(time.monotonic() - asked)
        seconds = max(time.monotonic() - begun, rounds * self.interval)
        self._tell(seconds, self.engine.cpu() - cpu, before, late)

    def _claims_due(self) -> int:
        # Each error once a window at each relay.
        return max(1, round(self.options.errors * self.interval / WINDOW))

    def _templates(self) -> list:
        """A push of all errors, with what differs from relay to relay and turn to turn left open at its full width."""
        requests = []
        for start in range(0, len(self.errors), AT_ONCE):
            part = self.errors[start:start + AT_ONCE]
            words = ["EVALSHA", self.hashes["push"], len(part) + 2, "maildedup:shop:errors", "maildedup:shop:epoch", *part,
                     "tokenRELAY", self.run_id, 3456000]
            for _ in part:
                words += ["storeRELAY.abc", "TOTALLED", "TOTALLED", 0, self.info]
            requests.append(encoded(words))
        return requests

    def _pushes(self, relay: int, turn: int, errors: int) -> list:
        names, total = b"%05d" % relay, b"%08d" % (10_000_000 + turn * self.options.rate)
        return [template.replace(b"RELAY", names).replace(b"TOTALLED", total)
                for template in self.templates[:-(-errors // AT_ONCE)]]

    def _hello(self, relay: int) -> bytes:
        return encoded(["EVALSHA", self.hashes["hello"], 2, "maildedup:shop:relays", "maildedup:shop:epoch", f"token{relay}",
                        self.run_id, f"store{relay}", '{"name":"web","version":"0.1.0","alone":0}'])

    def _claim(self, relay: int, number: int) -> bytes:
        error = self.errors[(relay * 31 + number) % len(self.errors)]
        return encoded(["EVALSHA", self.hashes["claim"], 2, error, "maildedup:shop:epoch", f"claim{relay}.{number}", self.run_id,
                        15000, WINDOW * 1000, 3456000, f"store{relay}.abc", 1, 0, 0])

    def _tell(self, seconds: float, cpu: float, before: dict, late: float) -> None:
        after = self.engine.commands()
        calls = {name: after[name][0] - before.get(name, (0, 0))[0] for name in after}
        relays = self.options.relays
        print(f"{relays} relays, {self.options.errors} errors, {self.options.rate} mails/s each: each pushes {self.changed} "
              f"errors every {self.interval:g} s")
        print(f"  {self.pushed / seconds:,.0f} errors/s pushed in {calls['evalsha'] / seconds:,.0f} scripts/s, "
              f"{sum(calls.values()) / seconds:,.0f} commands/s inside and outside of scripts")
        waits = sorted(self.waits)
        print(f"  {len(waits) / seconds:,.0f} claims/s, p50 {1000 * waits[len(waits) // 2]:.1f} ms, max {1000 * waits[-1]:.1f} ms")
        print(f"  engine: {100 * cpu / seconds:.0f} % of a core, {self.engine.memory() / 2**20:.0f} MiB; "
              f"the latest push was {1000 * late:.0f} ms late")


if __name__ == "__main__":
    main()
