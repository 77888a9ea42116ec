"""Under a service manager: it hears when we serve, and keeps our sockets while we restart. Python plays the manager."""
import os
import smtplib
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.manager import Manager, listening
from peers.relay import binary
from peers.waiting import until


@pytest.fixture
def manager(workshop: Workshop) -> Manager:
    """A manager with one socket, and a relay that is to listen there."""
    sock = listening()
    relay = workshop.relay()
    relay.port = sock.getsockname()[1]
    relay.write_config()
    return Manager(relay, sock)


def test_ready_reloading_stopping(manager: Manager):
    """Each step is told, the watchdog is fed."""
    manager.start(WATCHDOG_USEC="400000")
    with smtplib.SMTP("127.0.0.1", manager.relay.port, timeout=10) as client:
        assert client.noop()[0] == 250
    assert any(line.startswith("STATUS=listening on 127.0.0.1:") for line in manager.said)
    until(lambda: manager.said.count("WATCHDOG=1") >= 3, "the watchdog is fed")
    manager.relay.dedupctl("reload")
    until(lambda: "STATUS=configuration reloaded" in manager.said, "the reload is told")
    told = [line for line in manager.said if line.startswith(("RELOADING", "MONOTONIC_USEC"))]
    assert told[0] == "RELOADING=1" and int(told[1].split("=")[1]) > 0
    assert manager.relay.stop() == 0
    assert "STOPPING=1" in manager.said


def test_a_restart_refuses_nobody(manager: Manager):
    """Who connects in between waits, and is served by the next process; nothing is lost."""
    manager.start()
    manager.relay.send(error_report(1))
    assert manager.relay.stop() == 0
    # Nobody listens, but the port is held: the connection stands, and waits for its banner.
    waiting = socket.create_connection(("127.0.0.1", manager.relay.port), timeout=20)
    manager.start()
    assert waiting.recv(200).startswith(b"220 ")
    waiting.close()
    manager.relay.send(error_report(1))
    assert manager.relay.errors()[0]["total"] == 2


def test_mail_through_restarts(manager: Manager):
    """A site that mails all the time, a connection a mail as Django does, does not notice restarts."""
    manager.start()
    sent, failures, done = [0], [], threading.Event()

    def mail() -> None:
        while not done.is_set():
            try:
                manager.relay.send(b"Subject: order\r\n\r\nx\r\n")
                sent[0] += 1
            except (OSError, smtplib.SMTPException) as failure:
                failures.append(failure)

    sites = [threading.Thread(target=mail) for _ in range(4)]
    for site in sites:
        site.start()
    for _ in range(3):
        before = sent[0]
        until(lambda: sent[0] > before + 20, "the sites mail")
        assert manager.relay.stop() == 0
        manager.start()
    done.set()
    for site in sites:
        site.join(30)
    assert not failures, failures[:3]
    assert manager.relay.totals()["passed"] == sent[0]


def test_a_kill_refuses_nobody(manager: Manager):
    """The same when it is killed."""
    manager.start()
    manager.relay.kill()
    waiting = socket.create_connection(("127.0.0.1", manager.relay.port), timeout=20)
    manager.start()
    assert waiting.recv(200).startswith(b"220 ")
    waiting.close()


def test_a_socket_that_nobody_wants(workshop: Workshop):
    """It is said that clients would wait there in vain."""
    relay = workshop.relay()
    stray = listening()
    Manager(relay, stray).start()
    warnings = [line for line in relay.output().splitlines() if "warning socket-unused" in line]
    assert len(warnings) == 1 and f"endpoint=127.0.0.1:{stray.getsockname()[1]}" in warnings[0]
    relay.send(error_report(1))


def test_a_reload_keeps_the_socket(manager: Manager):
    """Also when the address leaves the configuration for a while."""
    manager.start()
    address = manager.relay.overrides.setdefault("listener", {})
    other = listening()
    free = other.getsockname()[1]
    other.close()
    for where in [f"127.0.0.1:{free}", f"127.0.0.1:{manager.relay.port}"]:
        address["address"] = where
        manager.relay.write_config()
        assert manager.relay.ask("reload")[0]["problems"] == []
    manager.relay.send(error_report(1))


def test_lines_for_the_journal(workshop: Workshop, tmp_path: Path):
    """Where standard error is the journal's, lines carry their level and no time; where it only looks so, they do not."""
    for is_journal in [True, False]:
        relay = workshop.relay()
        out = tmp_path / f"journal-{is_journal}"
        with open(out, "wb") as stream:
            found = os.fstat(stream.fileno())
            name = f"{found.st_dev}:{found.st_ino}" if is_journal else "1:1"
            relay.process = subprocess.Popen(
                [binary("maildedup"), "--config", relay.config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=stream, env=dict(os.environ, JOURNAL_STREAM=name))
        until(lambda: b"listening" in out.read_bytes(), "it listens")
        assert out.read_bytes().startswith(b"<6>info listening ") == is_journal
        relay.stop()
