"""Subjects of commits that fit a line of `git log`."""
import subprocess
from collections.abc import Iterator

from source import ROOT

LONGEST = 72
# Commits before this day were not checked, and history is not rewritten.
SINCE = "2026-11-30T20:00:00Z"


def findings() -> Iterator[str]:
    """Commits with a longer subject. Nothing is said where there is no history, as in a tarball."""
    log = subprocess.run(["git", "-C", ROOT, "log", f"--since={SINCE}", "--no-merges", "--format=%h %s"],
                         capture_output=True, text=True)
    for line in log.stdout.splitlines():
        commit, _, subject = line.partition(" ")
        if len(subject) > LONGEST:
            yield f"{commit}: a subject of {len(subject)} characters; at most {LONGEST}: {subject}"
