"""The load: the program in ../load, and the mails that it sends."""
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_CORPUS = REPOSITORY / "Tests/FingerprintTests/Corpus/same"


@dataclass(frozen=True)
class Result:
    """What a run of the load came to; latencies in milliseconds."""

    mails: int
    seconds: float
    p50: float
    p99: float
    max: float

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds


class Load:
    """Built once a run, in a folder of the run."""

    def __init__(self, folder: Path):
        self._program = folder / "load"
        source = REPOSITORY / "Benchmarks/load/load.c"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self._program, source, "-lssl", "-lcrypto"],
                       check=True)
        self.mails = _templates(folder)

    def begin(self, port: int, mail: str, *, sender: str | None = None, **options) -> subprocess.Popen:
        """Starts sending `mail` to `port`; `options` are those of the program."""
        command = [self._program, "--port", str(port)]
        if sender:
            command += ["--from", sender]
        for name, value in options.items():
            if value is True:
                command.append(f"--{name}")
            elif value is not False:
                command += [f"--{name}", str(value)]
        return subprocess.Popen([*command, self.mails[mail]], stdout=subprocess.PIPE, text=True)

    def run(self, port: int, mail: str, **options) -> Result:
        """Sends, and waits for the end."""
        return finish(self.begin(port, mail, **options))


def finish(process: subprocess.Popen, seconds: float = 300) -> Result:
    """Waits for the end of a load that was begun."""
    said, _ = process.communicate(timeout=seconds)
    if process.returncode:
        raise RuntimeError("the load failed; what it said stands above")
    return Result(**json.loads(said))


def _templates(folder: Path) -> dict[str, Path]:
    made = {"ordinary-4k": ordinary(4_000), "ordinary-10k": ordinary(10_000), "ordinary-25M": ordinary(25 << 20),
            "report-15k": _report(), "report-text": _by_django(), "report-80k": _by_django("page")}
    paths = {}
    for name, octets in made.items():
        paths[name] = folder / f"{name}.eml"
        paths[name].write_bytes(_stuffed(octets))
    return paths


def ordinary(octets: int) -> bytes:
    """A mail that is no report."""
    head = (b"From: <shop@shop.example>\r\nTo: <ann@example.org>\r\nSubject: Reset your password\r\n"
            b"Message-ID: <@SERIAL@@@@shop.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\r\n")
    line = b"You asked for a new password; if it was not you, do nothing at all.\r\n"
    return head + line * max(1, (octets - len(head)) // len(line))


def _report() -> bytes:
    """A report of the corpus: database slots ran out, one error wherever it hits."""
    raw = re.sub(rb"\r?\n", b"\r\n", (_CORPUS / "database-slots/v310-berth.eml").read_bytes())
    return _numbered(raw)


def _by_django(*what: str) -> bytes:
    """A report by the Django of this Python; a frame of the site has another name in each kind."""
    script = Path(__file__).with_name("django_report.py")
    raw = subprocess.run([sys.executable, "-B", script, *what], stdout=subprocess.PIPE, check=True).stdout
    assert b"kindword" in raw, "the report has no frame to tell kinds by"
    return _numbered(raw.replace(b"kindword", b"@KIND@@@"))


def _numbered(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^Message-ID: <[^>]*>", b"Message-ID: <@SERIAL@@@@shop.example>", raw, count=1)


def _stuffed(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n"
