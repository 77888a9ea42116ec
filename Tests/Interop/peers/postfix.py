"""Debian's Postfix, unpacked by Scripts/setup and not installed: its load generator, and private instances of it."""
import os
import subprocess

from .relay import REPOSITORY

ROOT = REPOSITORY / ".venv" / "postfix"
LIBRARIES = {"LD_LIBRARY_PATH": str(ROOT / "usr/lib/postfix")}


def smtp_source(port: int, mails: int, sessions: int, sender: str, recipient: str) -> None:
    """Sends so many mails over so many connections at a time."""
    command = [ROOT / "usr/sbin/smtp-source", "-d", "-s", str(sessions), "-m", str(mails), "-f", sender, "-t",
               recipient, f"127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | LIBRARIES)
    assert done.returncode == 0, f"smtp-source: {done.stdout}{done.stderr}"
