"""A Redis of Debian as the engine of a fleet, and wires to it that can be cut."""
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from . import processes
from .waiting import free_port, until


class Engine:
    """One redis-server in a folder of its own, on a port of this machine."""

    def __init__(self, folder: Path, *options: str, prefix: tuple = ()):
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.prefix = prefix
        self.process: subprocess.Popen | None = None

    @staticmethod
    def is_there() -> bool:
        """Whether redis-server is installed."""
        return shutil.which("redis-server") is not None

    def start(self) -> "Engine":
        """Starts it and waits until it answers."""
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
                 "--save", "", "--unixsocket", str(self.folder / "redis.sock"), *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, "the engine answers", 20)
        return self

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False

    def stop(self) -> None:
        """Ends it in order."""
        if self.process:
            self.resume()
        processes.end(self.process)
        self.process = None

    def kill(self) -> None:
        """SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def pause(self) -> None:
        """Stops it in the middle of whatever it does."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *words: str):
        """The answer to one command, over a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words)
            connection.sendall(request)
            return _reply(connection.makefile("rb"))

    def error(self, name: str) -> dict[str, str]:
        """The fields of an error, by the name of its key."""
        flat = self.ask("HGETALL", name)
        return dict(zip(flat[::2], flat[1::2]))

    def errors(self, fleet: str = "main") -> dict[str, dict[str, str]]:
        """All errors of a fleet with their fields."""
        names = self.ask("ZRANGE", f"maildedup:{fleet}:errors", "0", "-1")
        return {name: self.error(name) for name in names}


def _reply(stream):
    line = stream.readline().rstrip(b"\r\n").decode()
    kind, rest = line[:1], line[1:]
    if kind == "$":
        if rest == "-1":
            return None
        octets = stream.read(int(rest) + 2)
        return octets[:-2].decode(errors="replace")
    if kind == "*":
        return [_reply(stream) for _ in range(int(rest))]
    if kind == ":":
        return int(rest)
    if kind == "-":
        raise AssertionError(rest)
    return rest


class Wire:
    """The way of one relay to the engine. Cut, it swallows what is sent without a word, like a network that is parted;
    healed, the connections of before are gone."""

    def __init__(self, target: int):
        self.target = target
        self._cut = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._cut.set()

    def heal(self) -> None:
        """New connections work again."""
        self._close()
        self._cut.clear()

    def stop(self) -> None:
        """Ends it."""
        self._server.close()
        self._close()

    def _close(self) -> None:
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._open = []

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self._open.append(near)
            if self._cut.is_set():
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._open.append(far)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while octets := source.recv(65536):
                if not self._cut.is_set():
                    sink.sendall(octets)
        except OSError:
            pass
        if not self._cut.is_set():
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
