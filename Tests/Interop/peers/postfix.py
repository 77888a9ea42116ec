"""Debian's Postfix, unpacked by Scripts/setup and not installed: its load generator, and private instances of it."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import processes
from .relay import REPOSITORY
from .waiting import answers, free_port, until

ROOT = REPOSITORY / ".venv" / "postfix"
PROGRAMS, LIBRARIES = ROOT / "usr/sbin", ROOT / "usr/lib/postfix"

# Postfix wants to be two accounts, neither of them root. These are on every Debian, and own nothing.
OWNER, GROUP = "nobody", "games"

OWNED = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]
SERVICES = {
    "cleanup": "unix n - n - 0 cleanup", "qmgr": "unix n - n 300 1 qmgr", "tlsmgr": "unix - - n 1000? 1 tlsmgr",
    "rewrite": "unix - - n - - trivial-rewrite", "bounce": "unix - - n - 0 bounce", "defer": "unix - - n - 0 bounce",
    "trace": "unix - - n - 0 bounce", "smtp": "unix - - n - - smtp", "retry": "unix - - n - - error",
    "error": "unix - - n - - error", "anvil": "unix - - n - 1 anvil", "scache": "unix - - n - 1 scache",
    "proxymap": "unix - - n - - proxymap", "postlog": "unix-dgram n - n - 1 postlogd",
}


def smtp_source(port: int, mails: int, sessions: int, sender: str, recipient: str) -> None:
    """Sends so many mails over so many connections at a time."""
    command = [PROGRAMS / "smtp-source", "-d", "-s", str(sessions), "-m", str(mails), "-f", sender, "-t", recipient,
               f"127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=_environment())
    assert done.returncode == 0, f"smtp-source: {done.stdout}{done.stderr}"


def _environment() -> dict[str, str]:
    return os.environ | {"LD_LIBRARY_PATH": str(LIBRARIES)}


class Postfix:
    """One instance in a temporary folder that sends everything on to a port of this machine; needs root."""

    def __init__(self, relay_port: int, **settings: str):
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-", dir="/tmp"))
        self.port = free_port()
        self.process = None
        self.etc, self.queue, self.data = (self.folder / name for name in ("etc", "queue", "data"))
        self._make_folders()
        self._write_config(f"[localhost]:{relay_port}", settings)

    def _make_folders(self) -> None:
        self.folder.chmod(0o755)
        for folder in (self.etc, self.queue, self.data, self.queue / "pid"):
            folder.mkdir()
        for name, mode in {**dict.fromkeys(OWNED, 0o700), "public": 0o710, "maildrop": 0o730}.items():
            (self.queue / name).mkdir()
            shutil.chown(self.queue / name, OWNER, GROUP)
            (self.queue / name).chmod(mode)
        shutil.chown(self.data, OWNER)

    def _write_config(self, relayhost: str, settings: dict[str, str]) -> None:
        main = {
            "compatibility_level": "3.6", "config_directory": self.etc, "queue_directory": self.queue,
            "data_directory": self.data, "daemon_directory": LIBRARIES / "sbin", "command_directory": PROGRAMS,
            "shlib_directory": LIBRARIES, "meta_directory": self.etc, "mail_owner": OWNER, "setgid_group": GROUP,
            # Without MAIL_CONFIG the daemons would take the settings of the machine's own Postfix.
            "import_environment": "LD_LIBRARY_PATH MAIL_CONFIG LANG=C", "default_privs": "daemon",
            "maillog_file": self.log, "maillog_file_prefixes": self.folder, "myhostname": "postfix.example",
            "mydestination": "", "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8",
            "smtp_host_lookup": "native", "relayhost": relayhost, "alias_maps": "", "local_recipient_maps": "",
            "local_header_rewrite_clients": "", "queue_run_delay": "1s", "minimal_backoff_time": "1s", **settings,
        }
        services = SERVICES | {f"127.0.0.1:{self.port}": "inet n - n - - smtpd"}
        (self.etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        (self.etc / "master.cf").write_text("".join(f"{name} {line}\n" for name, line in services.items()))

    @property
    def log(self) -> Path:
        """What all its daemons say."""
        return self.folder / "log"

    def start(self) -> "Postfix":
        """Starts the master in a process group of its own, which it ends with itself."""
        self.process = subprocess.Popen(
            [LIBRARIES / "sbin/master", "-c", self.etc, "-d"], stdin=subprocess.DEVNULL, cwd=self.folder,
            env=_environment(), start_new_session=True)
        until(self._listens, "Postfix listens", 30)
        return self

    def _listens(self) -> bool:
        said = self.log.read_text(errors="replace") if self.log.exists() else "nothing"
        assert self.process.poll() is None, f"Postfix ended; it said: {said}"
        return answers(self.port)

    def stop(self) -> None:
        """Ends it; what waits in its queue stays there for the next start."""
        processes.end(self.process)

    def kill(self) -> None:
        """kill -9 for all its daemons at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not answers(self.port), "the port is free", 10)

    def remove(self) -> None:
        """Ends it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
