"""A Debian 12 of its own in a folder, with a network of its own, to install packages in."""
import os
import shutil
import subprocess
from pathlib import Path

from .relay import REPOSITORY

_BASE = REPOSITORY / ".venv" / "debian12.tar"
# What the package and a Django site need, so that no test waits for downloads.
_PACKAGES = "adduser,ca-certificates,libcrypt1,libsqlite3-0,libssl3,libstdc++6,python3-django,zlib1g"


def base() -> Path:
    """The archive of the system, made once."""
    if not _BASE.exists():
        folder = _BASE.with_suffix(".new")
        shutil.rmtree(folder, ignore_errors=True)
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", folder,
             "http://deb.debian.org/debian"], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        subprocess.run(["tar", "-C", folder, "-cf", _BASE.with_suffix(".part"), "."], check=True)
        _BASE.with_suffix(".part").rename(_BASE)
        shutil.rmtree(folder)
    return _BASE


class Debian:
    """The system in a folder. Each command runs in a network that holds nothing but this machine itself."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-C", folder, "-xf", base()], check=True)
        # A network and processes of its own, which live as long as this one. A shell is their first: it buries the dead.
        self._init = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child", "sh", "-c",
             f"ip link set lo up && mount --bind {folder} {folder} && mount -t proc proc {folder}/proc && "
             f"mount --rbind /dev {folder}/dev && while sleep 1; do :; done"], stdin=subprocess.DEVNULL)
        self._wait_for_init()

    def _wait_for_init(self) -> None:
        from .waiting import until
        until(lambda: self.run("true").returncode == 0, "the system runs")

    def _inner(self) -> str:
        """The first process inside."""
        found = subprocess.run(["pgrep", "--parent", str(self._init.pid)], capture_output=True, text=True)
        return found.stdout.split()[0] if found.stdout else "0"

    def run(self, script: str, user: str = "root", **variables: str) -> subprocess.CompletedProcess:
        """Runs a script of a shell."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root", **variables}
        switch = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return subprocess.run(
            ["nsenter", "--net", "--pid", "--mount", "--target", self._inner(), "chroot", self.folder, *switch,
             "sh", "-euc", script], capture_output=True, text=True, timeout=120, env=environment,
            stdin=subprocess.DEVNULL)

    def must(self, script: str, **options) -> str:
        """Runs one that works; what it prints."""
        done = self.run(script, **options)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def install(self, package: Path) -> subprocess.CompletedProcess:
        """Installs a package with apt."""
        shutil.copy(package, self.folder / package.name)
        return self.run(f"apt-get install --yes ./{package.name}")

    def close(self) -> None:
        """Ends everything in it."""
        self._init.kill()
        self._init.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
