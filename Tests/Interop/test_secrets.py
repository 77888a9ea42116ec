"""Passwords and tokens show up nowhere, whatever goes wrong with them and however much is logged."""
import base64
import smtplib
import socketserver
import threading

import pytest

from conftest import Workshop
from peers import secrets
from peers.relay import Relay
from peers.waiting import until

MAIL = b"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: hello\r\n\r\nA line.\r\n"
SECRET = "correct-horse-battery"


def forms(user: str) -> list[str]:
    """How the secret would look as it is, and in the octets of PLAIN, LOGIN and XOAUTH2."""
    whole = [SECRET, f"\0{user}\0{SECRET}", f"user={user}\1auth=Bearer {SECRET}\1\1"]
    return [SECRET, *(base64.b64encode(text.encode()).decode().rstrip("=") for text in whole)]


class Unwilling(socketserver.ThreadingTCPServer):
    """A smarthost on this machine that takes no login, and repeats in its answer what it was told."""

    daemon_threads = True
    logins: list[str]

    class _Dialog(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 unwilling.example\r\n")
            for line in self.rfile:
                word = line.split()[0].upper()
                if word == b"EHLO":
                    self.wfile.write(b"250-unwilling.example\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n")
                elif word == b"AUTH":
                    self.server.logins.append(line.decode())
                    self.wfile.write(b"535 5.7.8 not you\r\n")
                else:
                    self.wfile.write(b"221 bye\r\n")


@pytest.fixture
def unwilling(workshop: Workshop) -> Unwilling:
    """It listens."""
    server = Unwilling(("127.0.0.1", 0), Unwilling._Dialog)
    server.logins = []
    workshop.endings.append(server.server_close)
    workshop.endings.append(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def secret_file(folder, mode: int = 0o600):
    """A file with the secret."""
    path = folder / "smarthost-secret"
    path.write_text(SECRET + "\n")
    path.chmod(mode)
    return path


def assert_hidden(relay: Relay, user: str) -> None:
    """Nothing that the relay says holds the secret: log, status, queue."""
    said = relay.output() + relay.dedupctl("status").stdout + relay.dedupctl("queue").stdout
    said += str(relay.queue())
    assert not [form for form in forms(user) if form in said]


@pytest.mark.parametrize("key", ["password-file", "oauth-token-file", "oauth-token-command"])
def test_towards_the_smarthost(workshop: Workshop, tmp_path, unwilling: Unwilling, key: str):
    """A login that fails is told with the answer of the server, without what was sent."""
    path = secret_file(tmp_path)
    value = f"cat {path}" if key.endswith("command") else str(path)
    relay = workshop.relay(overrides={
        "delivery": {"smarthost": f"127.0.0.1:{unwilling.server_address[1]}", "username": "site", key: value},
        "log": {"level": "trace"}}).start()
    relay.send(MAIL)
    [entry] = until(lambda: [e for e in relay.queue() if e.get("last_failure")], "the attempt is recorded")
    assert "535 5.7.8 not you" in entry["last_failure"]
    assert any(form in unwilling.logins[0] for form in forms("site")), "the server was told"
    assert_hidden(relay, "site")


@pytest.mark.parametrize("initial", [True, False])
def test_from_clients(workshop: Workshop, tmp_path, initial: bool):
    """Right passwords and wrong ones, in one line or in several."""
    users = secrets.users(tmp_path, anna="another-one")
    relay = workshop.relay(overrides={
        "auth": {"users": str(users), "allow-plaintext-on-loopback": "yes"}, "log": {"level": "trace"}}).start()
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as client:
        client.ehlo()
        client.user, client.password = "anna", SECRET
        for mechanism in (client.auth_plain, client.auth_login):
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.auth(mechanism.__name__[5:].upper(), mechanism, initial_response_ok=initial)
        client.password = "another-one"
        assert client.auth("PLAIN", client.auth_plain, initial_response_ok=initial)[0] == 235
    assert "login-failed" in relay.output()
    assert_hidden(relay, "anna")
    assert "another-one" not in relay.output()


@pytest.mark.parametrize("key", ["password-file", "oauth-token-file"])
def test_a_file_that_everybody_may_read(workshop: Workshop, tmp_path, key: str):
    """The relay does not start with it, and says what to do."""
    path = secret_file(tmp_path, 0o644)
    relay = workshop.relay(overrides={
        "delivery": {"smarthost": "127.0.0.1:1", "username": "site", key: str(path)}})
    assert relay.launch().wait(30) == 78
    assert relay.output().splitlines()[-1].endswith(f"run: chmod 640 {path}")
    path.chmod(0o640)
    relay.start()
