"""The relay under test, its command line, and the one place that knows their names of things."""
import json
import os
import re
import signal
import smtplib
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .waiting import answers, free_port, until

REPOSITORY = Path(__file__).resolve().parents[3]


def binary(name: str) -> str:
    """An executable that was built: below MAILDEDUP_BIN_DIR, else where `swift build` puts it."""
    folder = os.environ.get("MAILDEDUP_BIN_DIR")
    if not folder:
        asked = ["swift", "build", "--package-path", str(REPOSITORY), "--show-bin-path"]
        folder = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    path = Path(folder) / name
    assert path.exists(), f"{path} is not there: run `make build`"
    return str(path)


def write_config(path: Path, sections: dict[str, dict[str, str]]) -> None:
    """Writes a dedup.conf."""
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}".rstrip() for key, value in keys.items()]
    path.write_text("\n".join(lines) + "\n")


@dataclass
class Relay:
    """One relay with a folder of its own; it may be started again on the same store."""

    folder: Path
    smarthost: int | None = None
    overrides: dict[str, dict[str, str]] = field(default_factory=dict)
    store: Path | None = None

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config = self.folder / "dedup.conf"
        self.maildir = self.folder / "Maildir"
        self.log = self.folder / "relay.log"
        self.store = self.store or self.folder / "store"
        self.process: subprocess.Popen | None = None
        self.write_config()

    def write_config(self) -> None:
        """The configuration of this relay."""
        sections = {
            "listener": {"address": f"127.0.0.1:{self.port}", "hostname": "relay.example"},
            "store": {"directory": str(self.store)},
            "window": {"length": "1h"},
            "delivery": {
                "smarthost": f"127.0.0.1:{self.smarthost}" if self.smarthost else "",
                "maildir": str(self.maildir),
                "retry-waits": "1s",
                "retry-jitter": "0%",
            },
            "control": {"socket": str(self.folder / "control.sock")},
            "summary": {"enabled": "no"},
            "log": {"level": "info"},
        }
        for section, keys in self.overrides.items():
            sections.setdefault(section, {}).update(keys)
        write_config(self.config, sections)

    def launch(self, *prefix: str) -> subprocess.Popen:
        """Starts the process, under a tracer if one is given, without waiting for it."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, binary("maildedup"), "--config", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        return self.process

    def start(self, *prefix: str) -> "Relay":
        """Starts the process and waits until it says that it listens, and does."""
        before = self.output().count("listening on")
        self.launch(*prefix)
        ports = 3

        def ready() -> bool:
            nonlocal ports
            if self.process.poll() == 69 and ports and f":{self.port}: the port is in use" in self.output():
                # Somebody else got the port between our look and the start.
                ports -= 1
                self.port = free_port()
                self.write_config()
                self.launch(*prefix)
                return False
            assert self.process.poll() is None, f"the relay ended with {self.process.returncode}: {self.output()}"
            return self.output().count("listening on") > before and answers(self.port)

        until(ready, "the relay listens", 30)
        return self

    def output(self) -> str:
        """Everything that the relay printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> int | None:
        """SIGTERM, and wait; the exit code."""
        code = processes.end(self.process, seconds=20)
        self.process = None
        return code

    def kill(self) -> None:
        """SIGKILL: nothing gets a last word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def restart(self) -> None:
        """An orderly restart on the same store."""
        assert self.stop() == 0, f"SIGTERM does not end the relay in order: {self.output()}"
        self.start()

    def send(self, raw: bytes, sender: str = "django@shop.example", *to: str) -> float:
        """Sends one mail over a connection of its own; how many seconds the acknowledgement took."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            begun = time.monotonic()
            client.sendmail(sender, to or ["admins@shop.example"], raw)
            return time.monotonic() - begun

    # The command line

    def check_config(self, path: Path | None = None) -> subprocess.CompletedProcess:
        """Runs `maildedup --check-config`."""
        command = [binary("maildedup"), "--config", str(path or self.config), "--check-config"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def dedupctl(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs `dedupctl --config … ARGUMENTS`."""
        return run_dedupctl("--config", str(self.config), *arguments)

    def ask(self, *arguments: str) -> list[dict]:
        """The JSON objects that `dedupctl … -o json` prints, one a line."""
        done = self.dedupctl(*arguments, "-o", "json")
        assert done.returncode == 0, f"dedupctl {arguments} failed: {done.stdout}{done.stderr}"
        return self._objects(done)

    def ask_whatever(self, *arguments: str) -> list[dict]:
        """The same, whatever the status."""
        return self._objects(self.dedupctl(*arguments, "-o", "json"))

    @staticmethod
    def _objects(done: subprocess.CompletedProcess) -> list[dict]:
        # Not `splitlines`, to which U+2028 in a text ends a line.
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def status(self) -> dict:
        """`dedupctl status`."""
        return self.ask("status")[0]

    def totals(self) -> dict[str, int]:
        """passed, doubtful, forwarded, suppressed, accepted."""
        return self.status()["totals"]

    def errors(self) -> list[dict]:
        """`dedupctl list --all`: also errors of which nothing was held back yet."""
        return self.ask("list", "--all")

    def queue(self) -> list[dict]:
        """`dedupctl queue`."""
        return self.ask("queue")

    def wait_drained(self, seconds: float = 30.0) -> None:
        """Waits until nothing waits for delivery."""
        until(lambda: self.status()["queue"]["waiting"] == 0, "the queue is empty", seconds)


def run_dedupctl(
        *arguments: str, stdin: bytes | None = None, folder: Path | None = None) -> subprocess.CompletedProcess:
    """Runs dedupctl without a configuration of ours."""
    command = [binary("dedupctl"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, cwd=folder)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def one_clear_line(text: str) -> str:
    """The message of a program that could not go on: one line, no stack trace."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, f"not one line: {text!r}"
    assert not re.search(r"Fatal error|\bat 0x|Swift/|Stack dump", text), text
    return lines[0]
