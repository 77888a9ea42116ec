"""A service manager, played by Python: it opens the sockets of the relay and hears what that says."""
import os
import socket
import subprocess
import threading

from .relay import Relay, binary
from .waiting import until


class Manager:
    """Passes sockets on as descriptors from 3 on, and listens to what the service says."""

    def __init__(self, relay: Relay, *sockets: socket.socket):
        self.relay = relay
        self.sockets = sockets
        self.said: list[str] = []
        path = relay.folder / "notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(path))
        self._path = path
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.said += self._notify.recv(4096).decode().splitlines()
            except OSError:
                return

    def start(self, **variables: str) -> None:
        """Starts the service and waits until it says that it is ready."""
        before = self.said.count("READY=1")
        # The shell knows its own pid before it becomes the relay.
        moves = " ".join(f"{3 + index}<&{sock.fileno()}" for index, sock in enumerate(self.sockets))
        script = f'export LISTEN_PID=$$ LISTEN_FDS={len(self.sockets)}; exec "$@" {moves}'
        with open(self.relay.log, "ab") as log:
            self.relay.process = subprocess.Popen(
                ["bash", "-c", script, "sh", binary("maildedup"), "--config", self.relay.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[sock.fileno() for sock in self.sockets],
                env=dict(os.environ, NOTIFY_SOCKET=str(self._path), **variables))
        until(lambda: self.said.count("READY=1") > before, "it is ready", 20)


def listening() -> socket.socket:
    """A socket as the manager opens it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(100)
    return sock
