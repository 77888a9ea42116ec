"""A PostgreSQL cluster of our own with few connection slots, and a way to use them all up."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg2

from . import processes
from .waiting import until


def program(name: str) -> str:
    """A program of the newest PostgreSQL of this machine; Debian keeps the server's off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/" + name), key=lambda path: int(path.parts[-3]))
    if versions:
        return str(versions[-1])
    found = shutil.which(name)
    if not found:
        raise RuntimeError(f"no {name} here: run Scripts/setup test")
    return found


class Postgres:
    """One cluster in a temporary folder, reached over its Unix socket only."""

    MAX_CONNECTIONS = 10
    PORT = 5432

    def __init__(self, sockets: Path | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.sockets = sockets or self.folder / "run"
        self.held = []
        # PostgreSQL refuses to run as root.
        self.identity = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.sockets.mkdir(exist_ok=True)
        for folder in (self.folder, self.sockets):
            folder.chmod(0o755)
            if self.identity:
                os.chown(folder, self.identity["user"], self.identity["group"])
        self.process = None

    def start(self) -> "Postgres":
        """Makes the cluster, starts it and adds the user and database of the storefront."""
        data = str(self.folder / "data")
        self._run(program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--locale=C.UTF-8")
        options = {
            "max_connections": self.MAX_CONNECTIONS, "listen_addresses": "", "port": self.PORT,
            "unix_socket_directories": self.sockets, "fsync": "off", "shared_buffers": "16MB", "autovacuum": "off",
            "max_wal_senders": 0,
        }
        command = [program("postgres"), "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, **self.identity)
        until(self._answers, "PostgreSQL answers", 30)
        connection = self.connect("postgres", "postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE storefront LOGIN")
            cursor.execute("CREATE DATABASE storefront OWNER storefront")
        connection.close()
        return self

    def connect(self, user: str = "storefront", database: str = "storefront"):
        """A connection, which takes one slot until it is closed."""
        return psycopg2.connect(host=str(self.sockets), port=self.PORT, user=user, dbname=database)

    def exhaust(self) -> None:
        """Takes every slot that an ordinary user can have, until there is none."""
        while True:
            try:
                self.held.append(self.connect())
            except psycopg2.OperationalError as error:
                if "connection slots" in str(error) or "too many clients" in str(error):
                    return
                raise

    def exhaust_reserved(self) -> None:
        """Takes the slots kept for superusers as well: from now on the error has another text."""
        while True:
            try:
                self.held.append(self.connect("postgres"))
            except psycopg2.OperationalError as error:
                if "too many clients" in str(error):
                    return
                raise

    def release(self) -> None:
        """Gives the slots back and waits until the server has noticed."""
        for connection in self.held:
            connection.close()
        self.held.clear()
        until(self._has_slots, "PostgreSQL has slots again")

    def stop(self) -> None:
        """Ends the server and removes the cluster."""
        for connection in self.held:
            connection.close()
        if self.process:
            processes.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, **self.identity)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError("PostgreSQL ended: " + (self.folder / "log").read_text(errors="replace"))
        return self._can_connect("postgres", "postgres")

    def _has_slots(self) -> bool:
        return self._can_connect("storefront", "storefront")

    def _can_connect(self, user: str, database: str) -> bool:
        try:
            self.connect(user, database).close()
        except psycopg2.OperationalError:
            return False
        return True
