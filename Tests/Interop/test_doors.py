"""The ways in beside a TCP port of its own: a Unix socket, and a proxy that says whom it speaks for."""
import smtplib
import socket
import stat
import struct
from pathlib import Path

import pytest

from peers.sink import Arrival
from peers.waiting import until

MAIL = b"From: <site@shop.example>\r\nTo: <admins@shop.example>\r\nSubject: hello\r\n\r\nA line.\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


class UnixSMTP(smtplib.SMTP):
    """Python's client over a Unix socket."""

    def _get_socket(self, host, port, timeout):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(host)
        return connection


class ProxiedSMTP(smtplib.SMTP):
    """Python's client behind a proxy that speaks PROXY protocol version 2 for it."""

    header = b""

    def _get_socket(self, host, port, timeout):
        connection = super()._get_socket(host, port, timeout)
        connection.sendall(self.header)
        return connection


def proxied(port: int, client: str | None) -> ProxiedSMTP:
    """A connection for this IPv4 client, or a health check of the proxy itself."""
    addresses = socket.inet_aton(client or "0.0.0.0") + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 40000, 25)
    head = b"\x21\x11" if client else b"\x20\x00"
    body = addresses if client else b""
    session = ProxiedSMTP(timeout=10)
    session.header = SIGNATURE + head + struct.pack("!H", len(body)) + body
    session.connect("127.0.0.1", port)
    return session


def received(arrival: Arrival) -> str:
    """The topmost trace field on one line."""
    return " ".join(str(arrival.message["Received"]).split())


def test_unix_socket(workshop, sink):
    """Who may write to the socket may send; it has its mode, and is gone when the relay is."""
    relay = workshop.relay(sink)
    path = relay.folder / "smtp.sock"
    relay.overrides = {"listener": {"socket": str(path), "socket-mode": "0600"}}
    relay.write_config()
    relay.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with UnixSMTP(str(path), 1, timeout=10) as client:
        client.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
    [arrival] = sink.wait_for(lambda arrival: True, "the mail")
    assert "(unix)" in received(arrival) and arrival.below_trace == MAIL
    assert relay.stop() == 0 and not path.exists()


def test_a_socket_that_a_kill_left_is_no_obstacle(workshop, sink):
    """The next relay takes its place; a file that is no socket is left alone and named."""
    relay = workshop.relay(sink)
    path = relay.folder / "smtp.sock"
    relay.overrides = {"listener": {"socket": str(path)}}
    relay.write_config()
    relay.start()
    relay.kill()
    assert path.exists()
    relay.start()
    relay.stop()
    Path(path).write_text("notes")
    process = relay.launch()
    assert process.wait(20) != 0 and str(path) in relay.output().splitlines()[-1]
    assert path.read_text() == "notes"


@pytest.fixture
def behind_proxy(workshop, sink):
    """A relay whose clients come through a proxy on this machine."""
    return workshop.relay(sink, overrides={
        "access": {"proxies": "127.0.0.1/32", "networks": "192.0.2.0/24"}, "limits": {"handshake": "2s"}})


def started(relay):
    """The relay of `behind_proxy`, which answers nobody who comes without a header."""
    relay.launch()
    until(lambda: "listening on" in relay.output(), "the relay listens", 30)
    return relay


def test_proxy_names_the_client(behind_proxy, sink):
    """The client of the header is who sends: in the trace, and before the law."""
    relay = started(behind_proxy)
    with proxied(relay.port, "192.0.2.7") as client:
        client.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
    [arrival] = sink.wait_for(lambda arrival: True, "the mail")
    assert "[192.0.2.7]" in received(arrival)
    with proxied(relay.port, "198.51.100.1") as stranger, pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        stranger.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
    assert refusal.value.smtp_code == 550


def test_health_check_of_the_proxy(behind_proxy):
    """It is answered, and leaves no line."""
    relay = started(behind_proxy)
    before = relay.output()
    proxied(relay.port, None).quit()
    assert relay.output() == before


@pytest.mark.parametrize("first", [b"EHLO x\r\n", b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n", b""])
def test_nobody_passes_without_a_header(behind_proxy, first: bytes):
    """Not a client that talks SMTP, not version 1, not silence: the connection ends without a word."""
    relay = started(behind_proxy)
    with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection:
        connection.sendall(first)
        assert connection.recv(100) == b""
    until(lambda: "warning refused" in relay.output(), "the log says why")
