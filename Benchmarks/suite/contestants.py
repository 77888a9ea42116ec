"""The servers that are compared, each private, on loopback and on the same disk."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from load import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "Tests" / "Interop"))

from peers import secrets  # noqa: E402
from peers.postfix import PROGRAMS, Postfix, _environment  # noqa: E402
from peers.processes import end  # noqa: E402
from peers.relay import Relay  # noqa: E402
from peers.waiting import answers, free_port, until  # noqa: E402

# Nobody limits how many connections come from this machine: that is not what is measured.
MANY = "4000"
MESSAGE_MEBIBYTES = 40


@contextmanager
def running(servers: list) -> Iterator[list]:
    """All of them, until the end of the block, however that comes."""
    with ExitStack() as endings:
        for server in servers:
            endings.callback(server.start().stop)
        yield servers


class Sink:
    """smtp-sink of Postfix: stores nothing. As a next hop it counts what came; one that hangs answers no DATA."""

    name = "smtp-sink"

    def __init__(self, folder: Path, hangs: bool = False):
        self._delay = ["-w", "3600"] if hangs else []
        self._counts = folder / f"sink-{free_port()}"
        self.port = free_port()
        self._before = 0

    def start(self) -> "Sink":
        """Listens."""
        with open(self._counts, "wb") as counts:
            self._process = subprocess.Popen(
                [PROGRAMS / "smtp-sink", "-c", "-u", "nobody", "-m", MANY, *self._delay, f"127.0.0.1:{self.port}", "1024"], stdin=subprocess.DEVNULL,
                stdout=counts, stderr=subprocess.DEVNULL, env=_environment())
        until(lambda: answers(self.port), "smtp-sink listens")
        return self

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def count(self) -> int:
        """Mails since the start; told as running counters, of which the last stands at the end."""
        with open(self._counts, "rb") as counts:
            counts.seek(max(0, counts.seek(0, os.SEEK_END) - 200))
            found = re.findall(rb"mesg=(\d+)", counts.read())
        return int(found[-1]) if found else 0

    def stop(self) -> None:
        """Ends it."""
        end(self._process)


class Ours:
    """MailDedup, with the settings of its packaging but for the limits of connections."""

    name = "maildedup"

    def __init__(self, folder: Path, next_hop: int | None, **overrides: dict[str, str]):
        sections = {
            "listener": {"maximum-connections": MANY, "maximum-connections-per-loopback-client": MANY},
            "limits": {"message-size": f"{MESSAGE_MEBIBYTES}MiB"},
        }
        self.folder = Path(tempfile.mkdtemp(prefix="maildedup-", dir=folder))
        cert, key = secrets.certificate(self.folder)
        sections["tls"] = {"certificate": str(cert), "key": str(key)}
        for section, keys in overrides.items():
            sections.setdefault(section, {}).update(keys)
        self.relay = Relay(self.folder, next_hop, sections)

    def start(self) -> "Ours":
        """Listens."""
        self.relay.start()
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.relay.port

    @property
    def pid(self) -> int:
        """The process."""
        return self.relay.process.pid

    def stop(self) -> None:
        """Ends it; the store goes with it."""
        self.relay.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostfixPeer:
    """Debian's Postfix with its own limits, but for connections."""

    name = "postfix"

    def __init__(self, folder: Path, next_hop: int):
        cert, key = secrets.certificate(Path(tempfile.mkdtemp(prefix="postfix-", dir=folder)))
        self._postfix = Postfix(
            next_hop, default_process_limit="200", smtpd_client_connection_count_limit="0",
            smtpd_tls_security_level="may", smtpd_tls_chain_files=f"{key}, {cert}",
            message_size_limit=str(MESSAGE_MEBIBYTES << 20))

    def start(self) -> "PostfixPeer":
        """Listens."""
        self._postfix.start()
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._postfix.port

    @property
    def pid(self) -> int:
        """The master."""
        return self._postfix.process.pid

    def stop(self) -> None:
        """Ends it; the queue goes with it."""
        self._postfix.remove()


class _InFolder:
    """A program that keeps what it has in a folder of its own."""

    _process: subprocess.Popen
    _folder: Path

    @property
    def pid(self) -> int:
        """The process, or the parent of those."""
        return self._process.pid

    def stop(self) -> None:
        """Ends it; what it kept goes with it."""
        end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)


class OpenSMTPD(_InFolder):
    """Debian's OpenSMTPD. It knows its folders and accounts only by fixed names: it lives in a mount namespace of its own,
    which has them and disturbs nobody."""

    name = "opensmtpd"
    _ROOT = REPOSITORY / ".venv" / "opensmtpd"
    _SCRIPT = """
        mount --make-rprivate /
        mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group
        mount --bind "$1/resolv.conf" /etc/resolv.conf
        mount --bind "$1/spool" /var/spool && mount --bind "$1/lib" /var/lib && mount -t tmpfs none /run
        exec "$2" -d -f "$1/smtpd.conf"
    """

    def __init__(self, folder: Path, next_hop: int):
        self._folder = Path(tempfile.mkdtemp(prefix="opensmtpd-", dir=folder))
        self._folder.chmod(0o755)
        self.port = free_port()
        for name, ids in (("passwd", "990:990::/:/usr/sbin/nologin"), ("group", "990:")):
            lines = [f"opensmtpd:x:{ids}", f"opensmtpq:x:{ids.replace('990', '991')}"]
            (self._folder / name).write_text(Path("/etc", name).read_text() + "\n".join(lines) + "\n")
        # Nobody answers there, at once: without it each client's name is looked up for seconds.
        (self._folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        for path in ("spool/smtpd", "lib/opensmtpd/empty"):
            (self._folder / path).mkdir(parents=True)
        (self._folder / "spool/smtpd").chmod(0o711)
        (self._folder / "smtpd.conf").write_text(
            f"listen on 127.0.0.1 port {self.port} hostname bench.example\nsmtp limit max-mails 1000000\n"
            f'action onwards relay host "smtp://127.0.0.1:{next_hop}"\nmatch from any for any action onwards\n'
            f"smtp max-message-size {MESSAGE_MEBIBYTES}M\n")

    def start(self) -> "OpenSMTPD":
        """Listens."""
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", self._SCRIPT, "sh", self._folder, self._ROOT / "usr/sbin/smtpd"],
            stdin=subprocess.DEVNULL, stdout=open(self._folder / "log", "wb"), stderr=subprocess.STDOUT,
            cwd=self._folder)
        until(lambda: answers(self.port), "OpenSMTPD listens", 30)
        return self


class Aiosmtpd:
    """aiosmtpd of PyPI with its handler that throws mails away: what a Python sink makes of them."""

    name = "aiosmtpd"

    def __init__(self, folder: Path):
        self.port = free_port()
        self._log = folder / "aiosmtpd.log"

    def start(self) -> "Aiosmtpd":
        """Listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{self.port}", "-c", "aiosmtpd.handlers.Sink"],
            stdin=subprocess.DEVNULL, stdout=open(self._log, "wb"), stderr=subprocess.STDOUT)
        until(lambda: answers(self.port), "aiosmtpd listens", 30)
        return self

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def stop(self) -> None:
        """Ends it."""
        end(self._process)


class StormFloor(_InFolder):
    """Not a peer: what a server made of our parts must spend on a storm at least (`Benchmarks/StormFloor`)."""

    _PROGRAM = REPOSITORY / ".build" / "storm-floor" / "release" / "StormFloor"

    def __init__(self, folder: Path, keeping: str):
        self.name = f"floor-{keeping}"
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="floor-", dir=folder))
        self._arguments = [self._folder / "counts", keeping, str(os.cpu_count())]

    def start(self) -> "StormFloor":
        """Listens, with an event loop for each core."""
        self._process = subprocess.Popen([self._PROGRAM, str(self.port), *self._arguments], stdin=subprocess.DEVNULL)
        until(lambda: answers(self.port), "the floor listens")
        return self
