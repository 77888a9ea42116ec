"""The queue as an admin handles it: hold, release, flush, reroute, delete; and whether the way out works."""
import ssl
import subprocess
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, SMTP

from conftest import Workshop
from peers.relay import Relay
from peers.sink import Sink, _LoopbackController
from peers.waiting import free_port, stays, until


def letter(subject: str) -> bytes:
    """An ordinary mail."""
    return f"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: {subject}\r\n\r\nA line.\r\n".encode()


@pytest.fixture
def backlog(workshop: Workshop) -> tuple[Relay, Sink, dict[str, str]]:
    """A relay whose smarthost is down, with four letters in its queue; their ids by their subjects."""
    sink = workshop.sink()
    relay = workshop.relay(sink, overrides={"delivery": {"retry-waits": "1h"}})
    sink.stop()
    relay.start()
    for subject in ["one", "two", "three", "four"]:
        relay.send(letter(subject))
    mails = until(lambda: [m for m in [relay.queue()] if all(mail.get("last_failure") for mail in m)], "each was tried")
    return relay, sink, dict(zip(["one", "two", "three", "four"], [mail["id"] for mail in mails[0]]))


def do(relay: Relay, *arguments: str) -> str:
    """dedupctl queue ARGUMENTS, which works."""
    done = relay.dedupctl("queue", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_afternoon_with_the_queue(workshop: Workshop, backlog):
    """Each mail goes where the admin sends it, and nowhere else; what is held stays through a restart."""
    relay, sink, ids = backlog
    elsewhere = workshop.sink()
    held = do(relay, "hold", ids["one"], "ZZZZZZZZZZZZZ")
    assert "Held 1 mail" in held and "Not in the queue: ZZZZZZZZZZZZZ" in held
    # What every id begins with.
    assert relay.dedupctl("queue", "hold", ids["one"][:1]).returncode == 2
    do(relay, "reroute", ids["two"], "--to", f"127.0.0.1:{elsewhere.port}")
    elsewhere.wait_for(lambda arrival: arrival.subject == "two", "the rerouted one")
    assert "Deleted 1 mail" in do(relay, "delete", ids["three"], "--yes")
    assert f"deleted id={ids['three']} from=<django@shop.example> to=<admins@shop.example>" in relay.output()
    relay.kill()
    sink.start()
    relay.start()
    do(relay, "flush")
    sink.wait_for(lambda arrival: arrival.subject == "four", "what nobody held")
    assert stays(lambda: len(sink.arrivals) == 1, 0.3), "only that one"
    queue = relay.status()["queue"]
    assert (queue["waiting"], queue["held"]) == (1, 1)
    assert [mail["state"] for mail in relay.queue()] == ["held"]
    shown = do(relay, "show", ids["one"], "--message")
    assert "Subject: one" in shown and "held" in shown and "<admins@shop.example>" in shown
    assert "A line." not in do(relay, "show", ids["one"])
    do(relay, "release", "--all")
    sink.wait_for(lambda arrival: arrival.subject == "one", "the held one")
    relay.wait_drained()
    assert sorted(arrival.subject for arrival in sink.arrivals + elsewhere.arrivals) == ["four", "one", "two"]


def test_flush_asks_a_host_that_rests(backlog):
    """The back-off of a host that failed does not keep an admin waiting."""
    relay, sink, _ = backlog
    sink.start()
    do(relay, "flush")
    sink.wait_for(lambda arrival: True, "all four", count=4, seconds=10)


def test_each_flush_asks_the_host(backlog):
    """Also when the mail is tried before the flush is answered; it would be put off by an hour otherwise."""
    relay, _, _ = backlog
    for asked in range(2, 32):
        do(relay, "flush")
        until(lambda: relay.output().count("smarthost-failed") >= asked, f"the host was asked {asked} times")


def test_delete_asks_first(backlog):
    """Without a terminal and without --yes nothing is deleted."""
    relay, _, ids = backlog
    done = relay.dedupctl("queue", "delete", "--all")
    assert done.returncode == 2 and "--yes" in done.stderr
    assert len(relay.queue()) == 4


class Host:
    """A smarthost that speaks TLS and wants a login."""

    def __init__(self, folder: Path, name: str = "localhost"):
        self.port = free_port()
        self.certificate = folder / f"{name}.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", self.certificate,
             "-out", folder / "cert", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
            check=True, capture_output=True)
        self.authority = folder / "cert"
        with open(self.certificate, "ab") as file:
            file.write(self.authority.read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.mails = 0
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=context, require_starttls=True, auth_required=True,
            authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
                success=data.password == b"right", handled=False))

    async def handle_DATA(self, server, session, envelope):
        """A probe sends none."""
        self.mails += 1
        return "250 taken"

    def start(self) -> "Host":
        """Listens."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Ends it."""
        self._controller.stop()


class _Controller(_LoopbackController):
    def factory(self):
        return SMTP(self.handler, **self.SMTP_kwargs)


@pytest.mark.parametrize("password, name, status, says", [
    ("right", "localhost", 0, "logged in as site"), ("wrong", "localhost", 1, "535"),
    ("right", "mail.example", 1, "another name")])
def test_upstream(workshop: Workshop, tmp_path: Path, password: str, name: str, status: int, says: str):
    """It says what works and what does not, and no mail is sent."""
    host = Host(tmp_path, name).start()
    workshop.endings.append(host.stop)
    (tmp_path / "password").write_text(password)
    (tmp_path / "password").chmod(0o600)
    relay = workshop.relay(overrides={"delivery": {
        "smarthost": f"localhost:{host.port}", "tls": "require", "ca-file": str(host.authority), "username": "site",
        "password-file": str(tmp_path / "password")}}).start()
    done = relay.dedupctl("test-upstream")
    assert done.returncode == status and says in done.stdout, done.stdout + done.stderr
    if status == 0:
        assert "certificate verified" in done.stdout
    assert host.mails == 0


def test_upstream_that_is_not_there(workshop: Workshop, sink: Sink):
    """A Maildir works, a sink works, nobody listening does not."""
    relay = workshop.relay().start()
    assert "its folders can be written to" in relay.dedupctl("test-upstream").stdout
    assert relay.dedupctl("test-upstream", "--to", f"127.0.0.1:{sink.port}").returncode == 0
    nobody = relay.dedupctl("test-upstream", "--to", f"127.0.0.1:{free_port()}")
    assert nobody.returncode == 1 and "fails" in nobody.stdout


def test_ping(workshop: Workshop):
    """The version and the time; 4 when nobody answers."""
    relay = workshop.relay().start()
    assert relay.dedupctl("ping").stdout.startswith("MailDedup ")
    relay.stop()
    assert relay.dedupctl("ping").returncode == 4
