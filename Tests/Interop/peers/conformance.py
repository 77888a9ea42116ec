"""The black-box suite for SMTP servers, which stands in the folder `shared` beside the checkout where there is one."""
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .relay import REPOSITORY, Relay, binary

SUITE = REPOSITORY.parent / "shared" / "tools" / "smtp_conformance.py"

ABSENT = "the black-box suite is not in this run: ../shared/tools/smtp_conformance.py is no part of this repository"


@dataclass
class Findings:
    """What the suite found: the reason for each case that failed or did not run."""

    failed: dict[int, str]
    skipped: dict[int, str]


def examine(relay: Relay, sink_port: int, seconds: float, *options: str) -> Findings:
    """Lets the suite start the relay, kill it, start it again and ask it everything; ends both in any case."""
    report, config = relay.folder / "cases.json", relay.config.name
    command = [sys.executable, "-B", str(SUITE), "127.0.0.1", str(relay.port), "--sink-port", str(sink_port),
               "--server-cmd", f"exec '{binary('maildedup')}' --config {config}", "--json", str(report), *options]
    suite = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=relay.folder)
    output = _output(suite, seconds)
    assert report.exists(), f"the suite broke off: {output[-2000:]}"
    findings = _read(report)
    assert suite.returncode == min(len(findings.failed), 125), f"exit status {suite.returncode}: {output[-2000:]}"
    return findings


def _output(suite: subprocess.Popen, seconds: float) -> str:
    try:
        return suite.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        # Any other signal would leave the relay running: the suite ends it only on an orderly way out.
        suite.send_signal(signal.SIGINT)
        raise AssertionError(f"the suite took longer than {seconds:g} s: {suite.communicate()[0][-2000:]}") from None


def _read(report: Path) -> Findings:
    rows = json.loads(report.read_text())

    def reasons(status: str) -> dict[int, str]:
        return {row["case"]: f"{row['title']}: {row['reason']}" for row in rows if row["status"] == status}

    return Findings(reasons("FAIL"), reasons("SKIP"))
