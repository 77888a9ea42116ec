"""What the demos share: the recorded outage, relays of the build, and a folder that is gone at the end. Needs nothing
but Python's standard library."""
import email
import json
import mailbox
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.header import decode_header, make_header
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ARCHIVE = REPOSITORY / "Scripts" / "demo" / "outage.tar.xz"
ADMINS = "admins@shop.example"
CONNECTIONS = 8


class Mail:
    """One recorded mail with its envelope."""

    def __init__(self, raw: bytes, sender: str, recipients: list):
        self.raw, self.sender, self.recipients = raw, sender, recipients

    @property
    def repeats(self) -> bool:
        """Whether it is told again as long as the outage lasts."""
        return self.recipients == [ADMINS]


def recorded() -> list:
    """The mails of the outage, in the order in which they came."""
    with tarfile.open(ARCHIVE) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
    envelopes = json.loads(files["envelopes.json"])
    return [Mail(files[name], **envelope) for name, envelope in envelopes.items()]


def title(number: int, text: str) -> None:
    """The heading of a step."""
    line = f"── {number}. {text} "
    print(f"\n{line}{'─' * max(0, 100 - len(line))}", flush=True)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def executable(name: str) -> str:
    """A program of the build."""
    path = Path(os.environ.get("MAILDEDUP_BIN_DIR", REPOSITORY / ".build" / "debug")) / name
    if not path.exists():
        sys.exit(f"demo: {path} is not there: run `make build`")
    return str(path)


class Relay:
    """A relay with everything it keeps below `folder`; it delivers into a Maildir there. Use it with `with`."""

    def __init__(self, folder: Path, more: str = ""):
        folder.mkdir(exist_ok=True)
        self.folder, self.port, self.config = folder, free_port(), folder / "dedup.conf"
        self._process = None
        self.config.write_text(
            f"[listener]\naddress = 127.0.0.1:{self.port}\nhostname = relay.example\n"
            f"[store]\ndirectory = {folder}/store\n"
            f"[delivery]\nsmarthost =\nmaildir = {folder}/maildir\n"
            f"[control]\nsocket = {folder}/control.sock\n{more}")

    def start(self) -> "Relay":
        """Returns once it listens."""
        log = self.folder / "log"
        with open(log, "ab") as output:
            command = [executable("maildedup"), "--config", str(self.config)]
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        wait(lambda: self._process.poll() is not None or listens(self.port), 30)
        if self._process.poll() is not None or not listens(self.port):
            sys.exit("demo: the relay does not start:\n" + log.read_text(errors="replace"))
        return self

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "Relay":
        return self.start()

    def __exit__(self, *_) -> None:
        end(self._process)

    @property
    def arrived(self) -> list:
        """The mails that it delivered, oldest first."""
        box = self.folder / "maildir"
        return sorted(mailbox.Maildir(box, create=False), key=lambda mail: str(mail["Date"])) if box.exists() else []

    def ctl(self, *arguments: str) -> None:
        """Shows what dedupctl says."""
        print(f"$ dedupctl {' '.join(arguments)}", flush=True)
        # Straight to the terminal, whose width the tables follow.
        done = subprocess.run([executable("dedupctl"), *arguments, "--config", str(self.config)])
        if done.returncode != 0:
            sys.exit(f"demo: dedupctl ended with {done.returncode}")

    def ask(self, *arguments: str) -> list:
        """The JSON objects that dedupctl prints, one a line; none if it fails."""
        command = [executable("dedupctl"), "--config", str(self.config), *arguments, "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.split("\n") if line] if done.returncode == 0 else []

    @property
    def is_drained(self) -> bool:
        """Whether everything forwarded was delivered."""
        status = self.ask("status")
        return bool(status) and status[0]["queue"]["waiting"] == 0


def end(process: subprocess.Popen) -> None:
    """SIGTERM, and SIGKILL if that is not heard."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def play(story) -> None:
    """Tells a story in a folder of its own, which is gone when it ends, however it ends."""
    # Ended from outside, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="maildedup-demo-", dir="/tmp"))
    try:
        story(folder)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listens(port: int) -> bool:
    """Whether the relay answers."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait(look, seconds: float) -> None:
    """Waits until `look()` is true, at most so long."""
    deadline = time.monotonic() + seconds
    while not look() and time.monotonic() < deadline:
        time.sleep(0.05)


def replay(mails: list, ports: list, reached=lambda sent: None) -> float:
    """Sends all mails over a few connections at once, as Django does it: one connection a mail, to each port in turn,
    and to the next one if it does not answer, as a load balancer does it. Tells `reached` how many were taken.

    Returns the seconds that it took.
    """
    sent = 0
    lock = threading.Lock()

    def send(number: int, mail: Mail) -> None:
        nonlocal sent
        for turn in range(len(ports)):
            try:
                with smtplib.SMTP("127.0.0.1", ports[(number + turn) % len(ports)], timeout=60) as client:
                    client.sendmail(mail.sender, mail.recipients, mail.raw)
                break
            except (OSError, smtplib.SMTPException):
                if turn == len(ports) - 1:
                    raise
        with lock:
            sent += 1
            reached(sent)
            if sent % 50 == 0 or sent == len(mails):
                print(f"   {sent:4} of {len(mails)} mails accepted", flush=True)

    begun = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as senders:
        for done in [senders.submit(send, number, mail) for number, mail in enumerate(mails)]:
            done.result()
    return time.monotonic() - begun


def subject_of(message) -> str:
    """The decoded Subject on one line."""
    return " ".join(str(make_header(decode_header(message["Subject"] or ""))).split())


def shorten(text: str, length: int) -> str:
    """The text, cut if it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def subject_counts(mails: list) -> Counter:
    """How often each Subject was sent."""
    return Counter(subject_of(email.message_from_bytes(mail.raw)) for mail in mails)
