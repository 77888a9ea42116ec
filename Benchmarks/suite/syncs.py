"""How often each server syncs for a mail, as strace counts it: in a run of its own, for being watched takes time."""
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from contestants import OpenSMTPD, Ours, PostfixPeer, Sink, running, until
from load import Load
from throughput import Figures
from usage import family

MAILS = 400


def measure(load: Load, folder: Path, say: Callable[[str], None]) -> Figures:
    """At 1, 10 and 100 sessions, taken and relayed."""
    figures: Figures = {}
    for maker in (Ours, PostfixPeer, OpenSMTPD):
        with running([Sink(folder)]) as [sink], running([maker(folder, sink.port)]) as [server]:
            for sessions in (1,) if maker is OpenSMTPD else (1, 10, 100):
                say(f"syncs: {server.name}, {sessions} sessions")
                name = f"syncs, taken and relayed, {sessions} session{'s' * (sessions > 1)}: syncs/mail"
                figures.setdefault(name, {})[server.name] = [_counted(load, folder, server, sink, sessions) / MAILS]
    return figures


def _counted(load: Load, folder: Path, server, sink: Sink, sessions: int) -> int:
    """Syncs while MAILS mails are taken and relayed."""
    load.run(server.port, "ordinary-10k", mails=sessions, sessions=sessions)
    arrived = sink.count
    report = folder / "syncs"
    command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(report)]
    for pid in family(server.pid):
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(1)
    load.run(server.port, "ordinary-10k", mails=MAILS, sessions=sessions)
    until(lambda: sink.count >= arrived + MAILS, f"what {server.name} relays", 120)
    time.sleep(1)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(30)
    calls = re.findall(r"(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$", report.read_text())
    return sum(map(int, calls))
