"""The load: the program in ../load, and the mails that it sends."""
import json
import re
import subprocess
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
            # Database slots ran out: one error wherever it hits.
            "report-15k": _report("database-slots/v310-berth.eml"),
            # Text and page.
            "report-80k": _report("template-no-reverse/v311page-one.eml"),
            "report-kinds": _of_kinds(_report("unknown-rate/v311-quote.eml"), b"ur_dues\r\n")}
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


def _report(name: str) -> bytes:
    """A mail of the corpus, which Django wrote."""
    raw = re.sub(rb"\r?\n", b"\r\n", (_CORPUS / name).read_bytes())
    return _numbered(raw)


def _of_kinds(raw: bytes, line: bytes) -> bytes:
    """The same with another word in each kind where `line` ends the name of the function that failed: another error."""
    assert raw.count(line) == 1, "the report has no such frame"
    return raw.replace(line, b"@KIND@@@\r\n")


def _numbered(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^Message-ID: <[^>]*>", b"Message-ID: <@SERIAL@@@@shop.example>", raw, count=1)


def _stuffed(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n"
