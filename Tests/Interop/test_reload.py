"""SIGHUP: a new configuration without dropping anybody, and a wrong one that changes nothing."""
import os
import pty
import signal
import smtplib
import subprocess
import threading

import pytest

from conftest import Workshop
from peers import secrets
from peers.relay import Relay, binary
from peers.waiting import answers, free_port, pause, until
from test_kill import Correspondence

MAIL = b"From: a@shop.example\r\nTo: b@customer.example\r\nSubject: hello\r\n\r\nA line.\r\n"


def reload(relay: Relay, **overrides: dict[str, str]) -> dict:
    """Writes the keys into the configuration, sends SIGHUP and waits for what becomes of it."""
    for section, keys in overrides.items():
        relay.overrides.setdefault(section, {}).update(keys)
    relay.write_config()
    return hang_up(relay)


def hang_up(relay: Relay) -> dict:
    """SIGHUP, and the report on it."""
    def reports() -> int:
        return relay.output().count("configuration-reloaded") + relay.output().count("reload-refused")

    before = reports()
    relay.process.send_signal(signal.SIGHUP)
    until(lambda: reports() > before, "the reload")
    return until(lambda: relay.status()["daemon"].get("last_reload"), "the report")


def test_a_transaction_survives(relay: Relay, sink):
    """A client in the middle of a message is not disturbed, though the address it came in by is gone."""
    old, relay.port = relay.port, free_port()
    with smtplib.SMTP("127.0.0.1", old, timeout=30) as client:
        client.ehlo()
        client.mail("a@shop.example")
        client.rcpt("b@customer.example")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(MAIL)
        report = reload(relay)
        assert report["changed"] == ["listener.address"] and report["problems"] == []
        until(lambda: not answers(old), "the old address is closed")
        assert answers(relay.port)
        assert relay.status()["daemon"]["listening"] == [f"127.0.0.1:{relay.port}"]
        client.send(b".\r\n")
        assert client.getreply()[0] == 250
        assert client.noop()[0] == 250, "the connection goes on as it began"
    relay.send(MAIL)
    sink.wait_for(lambda arrival: arrival.subject == "hello", "both", count=2)


def test_queued_mail_takes_the_new_way(workshop: Workshop):
    """What waits for a dead smarthost goes to the new one at once, whatever its next attempt was to be."""
    dead, alive = workshop.sink(), workshop.sink()
    dead.stop()
    relay = workshop.relay(dead, overrides={"delivery": {"retry-waits": "1h"}}).start()
    relay.send(MAIL)
    until(lambda: relay.queue()[0].get("last_failure"), "it was tried")
    reload(relay, window={"length": "2h"})
    assert len(relay.queue()) == 1, "the way is the same, so it waits for its time"
    assert reload(relay, delivery={"smarthost": f"127.0.0.1:{alive.port}"})["changed"] == ["delivery.smarthost"]
    alive.wait_for(lambda arrival: arrival.subject == "hello", "the mail that waited")
    relay.wait_drained()
    assert relay.status()["daemon"]["next_hop"] == f"127.0.0.1:{alive.port}"
    assert f"next_hop=127.0.0.1:{alive.port}\n" in relay.output(), "the log names who took it"


def test_a_wrong_configuration_changes_nothing(relay: Relay, sink):
    """Each problem is in the log with its place, the first one in the status, and everything goes on as before."""
    good = relay.config.read_text()
    relay.config.write_text(good + "[window]\nlenght = 1h\n[nonsense]\n")
    report = hang_up(relay)
    assert len(report["problems"]) == 2 and report["changed"] == []
    place = f"{relay.config}:{good.count(chr(10)) + 2}:1"
    assert place in report["problems"][0] and "length" in report["problems"][0]
    assert all(problem.split(": ")[0] in relay.output() for problem in report["problems"])
    status = relay.dedupctl("status")
    assert status.returncode == 0 and place in status.stdout and "refused" in status.stdout
    asked = relay.dedupctl("reload")
    assert asked.returncode == 1 and asked.stderr.count(place) == 1, asked.stderr
    relay.send(MAIL)
    sink.wait_for(lambda arrival: arrival.subject == "hello", "mail is still taken and sent")
    relay.config.write_text(good)
    assert hang_up(relay)["problems"] == []
    assert relay.dedupctl("reload").stdout == "Nothing changed.\n"
    relay.config.write_text(good + "[store]\nspool = /nonexistent/spool\n" if "[store]" not in good else
                            good.replace("[store]\n", "[store]\nspool = /nonexistent/spool\n"))
    assert relay.dedupctl("reload").stdout.startswith("Takes effect after a restart: store.spool.\n")


def taken_port(relay: Relay, workshop: Workshop) -> dict[str, dict[str, str]]:
    """An address that somebody else listens on, beside the old one."""
    return {"listener": {"address": f"127.0.0.1:{relay.port}, 127.0.0.1:{workshop.sink().port}"}}


def open_secrets(relay: Relay, workshop: Workshop) -> dict[str, dict[str, str]]:
    """A file of users that everybody may read."""
    users = secrets.users(relay.folder, anna="correct horse")
    users.chmod(0o644)
    return {"auth": {"users": str(users), "allow-plaintext-on-loopback": "yes"}}


def no_certificates(relay: Relay, workshop: Workshop) -> dict[str, dict[str, str]]:
    """Authorities that are not there."""
    return {"delivery": {"ca-file": "/nowhere/ca.pem"}}


@pytest.mark.parametrize("wrong", [taken_port, open_secrets, no_certificates])
def test_what_cannot_be_done_is_refused_as_a_whole(workshop: Workshop, wrong):
    """Values that are right and cannot be had: nothing of the new configuration is taken, not even the rest of it."""
    sink = workshop.sink()
    relay = workshop.relay(sink).start()
    report = reload(relay, limits={"message-size": "1KiB"}, **wrong(relay, workshop))
    assert len(report["problems"]) == 1 and report["changed"] == []
    relay.send(MAIL + b"x" * 1000 + b"\r\n" + b"y" * 900 + b"\r\n")
    sink.wait_for(lambda arrival: arrival.subject == "hello", "the old limits hold")


def test_rules_users_and_limits_hold_for_the_next(relay: Relay, tmp_path):
    """Each change is there for the next mail or connection; who is connected keeps what it had."""
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as before:
        before.ehlo()
        users = str(secrets.users(tmp_path, anna="correct horse"))
        report = reload(relay, limits={"message-size": "1MiB"}, window={"length": "0"}, log={"format": "json"},
                        auth={"users": users, "allow-plaintext-on-loopback": "yes"})
        assert report["changed"] == ["window.length", "auth.users", "auth.allow-plaintext-on-loopback", "log.format",
                                     "limits.message-size"]
        before.ehlo()
        assert before.esmtp_features["size"] != str(2**20) and "auth" not in before.esmtp_features
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as after:
        after.ehlo()
        assert after.esmtp_features["size"] == str(2**20)
        assert after.login("anna", "correct horse")[0] == 235
    assert '"event":"authenticated"' in relay.output()


def test_a_first_certificate(relay: Relay, tmp_path):
    """STARTTLS appears without a restart."""
    cert, key = secrets.certificate(tmp_path)
    reload(relay, tls={"certificate": str(cert), "key": str(key)})
    with smtplib.SMTP("localhost", relay.port, timeout=30) as client:
        client.starttls()
        assert client.sendmail("a@shop.example", ["b@customer.example"], MAIL) == {}


def test_what_takes_a_restart_is_said(relay: Relay, tmp_path):
    """Another store: the relay goes on with the old one and names the key, each time."""
    relay.overrides["store"] = {"directory": str(tmp_path / "elsewhere")}
    for _ in range(2):
        report = reload(relay, window={"length": "5min"})
        assert report["awaiting_restart"] == ["store.directory"] and report["problems"] == []
        assert "needs-restart" in relay.output() and "key=store.directory" in relay.output()
    relay.send(MAIL)
    assert not (tmp_path / "elsewhere").exists()


def test_many_hang_ups_under_load_lose_nothing(workshop: Workshop):
    """Twenty reloads, each with another way and another address, while mail comes in: all of it arrives, once."""
    sinks = [workshop.sink(), workshop.sink()]
    relay = workshop.relay(sinks[0]).start()
    letters = Correspondence(relay.port)
    writers = [threading.Thread(target=letters.write, args=(f"w{n}",)) for n in range(4)]
    for thread in writers:
        thread.start()
    try:
        for round_ in range(20):
            seen = len(letters.acknowledged)
            until(lambda: len(letters.acknowledged) > seen + 3, "traffic")
            address = f"127.0.0.1:{relay.port}" + (f", 127.0.0.1:{free_port()}" if round_ % 2 else "")
            report = reload(relay, listener={"address": address},
                            delivery={"smarthost": f"127.0.0.1:{sinks[round_ % 2].port}"})
            assert report["problems"] == []
    finally:
        letters.enough.set()
        for thread in writers:
            thread.join(30)
    assert set(letters.sending) == letters.acknowledged, "a reload cost a client its connection"
    relay.wait_drained()
    arrived = [arrival.subject.removeprefix("letter ") for sink in sinks for arrival in sink.arrivals]
    assert sorted(arrived) == sorted(letters.acknowledged)
    assert all(sink.arrivals for sink in sinks)


def test_the_end_of_the_terminal_ends_the_relay(workshop: Workshop):
    """Whoever started it by hand and closes the window is gone; SIGHUP from elsewhere is a reload there too."""
    relay = workshop.relay()
    ours, theirs = pty.openpty()

    def take_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(0), os.O_RDWR))

    with open(relay.log, "ab") as log:
        relay.process = subprocess.Popen([binary("maildedup"), "--config", str(relay.config)], stdin=theirs, stdout=log,
                                         stderr=log, cwd=relay.folder, preexec_fn=take_terminal)
    os.close(theirs)
    until(lambda: answers(relay.port), "the relay listens", 30)
    assert hang_up(relay)["problems"] == []
    pause(0.1)
    assert relay.process.poll() is None
    os.close(ours)
    assert relay.process.wait(20) == 0
    assert "stopped" in relay.output()
