"""SIGTERM: what is in flight is finished, within a bound that nobody can stretch."""
import os
import signal
import smtplib
import socket
import threading
import time

import pytest

from conftest import Workshop
from peers.relay import Relay
from peers.waiting import pause, until

MAIL = b"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: hello\r\n\r\nA line.\r\n"


def stop(relay: Relay) -> float:
    """SIGTERM, and how many seconds the orderly end took."""
    begun = time.monotonic()
    relay.process.send_signal(signal.SIGTERM)
    assert relay.process.wait(60) == 0, relay.output()
    return time.monotonic() - begun


def in_message(relay: Relay) -> smtplib.SMTP:
    """A client that has sent half of a message."""
    client = smtplib.SMTP("127.0.0.1", relay.port, timeout=60)
    client.ehlo()
    client.mail("a@shop.example")
    client.rcpt("b@customer.example")
    client.putcmd("data")
    assert client.getreply()[0] == 354
    client.send(MAIL)
    return client


def test_a_client_that_is_stuck_in_a_message(relay: Relay):
    """It is told 421 after some seconds, and what it sent is no mail."""
    client = in_message(relay)
    assert stop(relay) < 12
    assert client.getreply()[0] == 421
    relay.start()
    assert relay.totals()["accepted"] == 0


def test_a_client_that_goes_on_sending(relay: Relay, sink):
    """It may finish though it takes longer than silence is suffered; what is acknowledged arrives."""
    client = in_message(relay)
    relay.process.send_signal(signal.SIGTERM)
    for _ in range(8):
        pause(1)
        client.send(b"one more line\r\n")
    client.send(b".\r\n")
    assert client.getreply()[0] == 250
    assert relay.process.wait(30) == 0
    relay.start()
    sink.wait_for(lambda arrival: arrival.subject == "hello", "the mail")


class DeadEnd:
    """A smarthost that accepts connections, talks up to a point, and then says nothing for ever."""

    def __init__(self, talks: bool):
        self.talks = talks
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.silent = threading.Event()
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        if not self.talks:
            return self.silent.set()
        with connection.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 dead.example\r\n")
            for line in lines:
                if line == b".\r\n":
                    self.silent.set()
                elif line.startswith(b"DATA"):
                    lines.write(b"354 go on\r\n")
                elif not self.silent.is_set() and line[:4] in (b"EHLO", b"MAIL", b"RCPT"):
                    lines.write(b"250 ok\r\n")

    def stop(self) -> None:
        """Closes everything."""
        for each in (self.server, *self.connections):
            each.close()


@pytest.mark.parametrize("talks", [False, True])
def test_a_smarthost_that_says_nothing(workshop: Workshop, talks: bool):
    """It may take ten minutes to answer, but SIGTERM does not wait for that; the mail is tried again after the start."""
    dead = DeadEnd(talks)
    workshop.endings.append(dead.stop)
    relay = workshop.relay(overrides={"delivery": {"smarthost": f"127.0.0.1:{dead.port}"}}).start()
    relay.send(MAIL)
    assert dead.silent.wait(20)
    assert stop(relay) < 25
    sink = workshop.sink()
    relay.overrides["delivery"]["smarthost"] = f"127.0.0.1:{sink.port}"
    relay.write_config()
    relay.start()
    until(lambda: sink.matching(lambda arrival: arrival.subject == "hello"), "the mail", 30)


def test_a_token_command_that_hangs(workshop: Workshop, tmp_path):
    """It ends with the deliveries, and so does what it started."""
    pids = tmp_path / "pids"
    relay = workshop.relay(workshop.sink(), overrides={"delivery": {
        "username": "shop", "oauth-token-command": f"sleep 300 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait"}})
    relay.start()
    relay.send(MAIL)
    until(pids.exists, "the command runs")
    assert stop(relay) < 15
    for pid in pids.read_text().split():
        until(lambda: not os.path.exists(f"/proc/{pid}") or " Z " in open(f"/proc/{pid}/stat").read(), "it is gone", 5)
    relay.start()
    assert relay.status()["queue"]["waiting"] == 1
