"""Memory does not grow with the size of mails, and an idle connection costs little."""
import hashlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peers.waiting import until

MEBIBYTE = 1 << 20


def resident(pid: int) -> int:
    """The resident memory of a process in octets."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


class Peak:
    """Watches the resident memory of a process until it is asked."""

    def __init__(self, pid: int):
        self.pid, self.highest, self._over = pid, resident(pid), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.highest = max(self.highest, resident(self.pid))

    def stop(self) -> int:
        """The highest that was seen."""
        self._over.set()
        self._thread.join()
        return self.highest


def large_mail(number: int) -> bytes:
    """24 MiB of lines that are like no other mail's."""
    line = hashlib.sha256(str(number).encode()).hexdigest().encode() + b"\r\n"
    return b"Subject: large %d\r\n\r\n" % number + line * (24 * MEBIBYTE // len(line))


def test_large_mails_at_once(workshop):
    """Six mails of 24 MiB that arrive, are judged, stored and delivered at once take less memory than three of them."""
    relay = workshop.relay().start()
    watch = Peak(relay.process.pid)
    before = watch.highest
    with ThreadPoolExecutor(6) as clients:
        list(clients.map(lambda number: relay.send(large_mail(number)), range(6)))
    relay.wait_drained(120)
    assert watch.stop() - before < 72 * MEBIBYTE
    bodies = [path.read_bytes().split(b"\r\n\r\n", 1)[1] for path in (relay.maildir / "new").iterdir()]
    assert sorted(bodies) == sorted(large_mail(number).split(b"\r\n\r\n", 1)[1] for number in range(6))


def test_idle_connections(workshop, sink):
    """A thousand of them cost less than 32 MiB."""
    limits = {"maximum-connections": "2000", "maximum-connections-per-loopback-client": "2000"}
    relay = workshop.relay(sink, overrides={"listener": limits}).start()
    before = resident(relay.process.pid)
    clients = [socket.create_connection(("127.0.0.1", relay.port), timeout=30) for _ in range(1000)]
    try:
        for client in clients:
            assert client.recv(100).startswith(b"220")
            client.sendall(b"EHLO idle.example\r\n")
        for client in clients:
            assert client.recv(1000).startswith(b"250")
        assert resident(relay.process.pid) - before < 32 * MEBIBYTE
    finally:
        for client in clients:
            client.close()
    until(lambda: relay.status()["daemon"]["connections"] == 0, "the connections are gone")
