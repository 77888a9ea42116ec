"""Measures MailDedup beside other servers, in the same run and on the same disk.

usage: python Benchmarks/suite [--rounds N] [--only relay,mixed,…] [--json FILE] [--compare FILE]
"""
import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fleet
import growth
import report
import syncs
import throughput
from load import REPOSITORY, Load

PARTS = ("throughput", "mixed", "syncs", "growth", "fleet", "fingerprint")


def main() -> None:
    """Runs the parts that are asked for, and tells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each load is sent (3)")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, help="where the values of all rounds go")
    parser.add_argument("--compare", type=Path, help="the JSON of an earlier run")
    options = parser.parse_args()
    # Ended from outside, it ends the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    begun = time.monotonic()
    # Where the sync costs something: /tmp may be memory.
    base = REPOSITORY / ".build" / "bench"
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        folder.chmod(0o755)
        figures = _measure(options, folder, lambda text: print(f"[{time.monotonic() - begun:5.0f} s] {text}", flush=True))
    print(report.table(figures))
    print("\nbars\n" + report.bars(figures))
    if options.compare:
        print(f"\nsince {options.compare}\n" + report.compared(figures, options.compare))
    if options.json:
        report.save(figures, _about(options.rounds), options.json)
    if "fingerprint" in options.only.split(","):
        _fingerprint()


def _measure(options: argparse.Namespace, folder: Path, say) -> report.Figures:
    load, wanted = Load(folder), options.only.split(",")
    figures: report.Figures = {}
    if "throughput" in wanted:
        figures |= throughput.measure(load, folder, options.rounds, say)
    if "mixed" in wanted:
        figures |= throughput.mixed(load, folder, options.rounds, say)
    if "syncs" in wanted:
        figures |= syncs.measure(load, folder, say)
    if "growth" in wanted:
        figures |= growth.measure(load, folder, options.rounds, say)
    if "fleet" in wanted:
        figures |= fleet.measure(load, folder, options.rounds, say)
    return figures


def _fingerprint() -> None:
    """Octets a second of each stage of judging, over the mails of the tests; one thread, no server."""
    print("\nfingerprint, stage by stage", flush=True)
    package = REPOSITORY / "Benchmarks/FingerprintBench"
    subprocess.run(["swift", "run", "-c", "release", "--package-path", package, "FingerprintBench", "stages",
                    REPOSITORY / "Tests/FingerprintTests/Corpus/same"], check=True)


def _about(rounds: int) -> dict:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=REPOSITORY).stdout.strip()
    return {"commit": commit, "date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "kernel": platform.release(),
            "rounds": rounds}


if __name__ == "__main__":
    main()
