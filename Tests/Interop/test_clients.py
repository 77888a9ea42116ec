"""The programs that send: smtplib, Django and curl, over each kind of connection that the relay offers."""
import smtplib
import ssl
import subprocess
import sys

import pytest

from peers import secrets
from peers.door import Door, open_door
from peers.waiting import until

MAIL = b"From: <site@shop.example>\r\nTo: <admins@shop.example>\r\nSubject: hello\r\n\r\nA line.\r\n"


@pytest.fixture
def door(workshop, tmp_path) -> Door:
    """A relay that takes mail from whoever logs in, and from nobody else."""
    return open_door(workshop, tmp_path, networks="")


@pytest.mark.parametrize("implicit", [False, True])
def test_smtplib(door: Door, implicit: bool):
    """Python's own client, with the certificate verified."""
    trust = ssl.create_default_context(cafile=str(door.cert))
    port = door.tls_port if implicit else door.relay.port
    client = smtplib.SMTP_SSL("localhost", port, context=trust) if implicit else smtplib.SMTP("localhost", port)
    with client:
        if not implicit:
            client.starttls(context=trust)
        client.login("anna", "correct horse")
        client.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
    door.arrived("ESMTPSA")


def test_wrong_password_and_stranger(door: Door):
    """A wrong password is a wrong password, and nobody sends without one."""
    with smtplib.SMTP("localhost", door.relay.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(door.cert)))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("anna", "a-guess-of-mine")
    with smtplib.SMTP("localhost", door.relay.port) as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
            client.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
        assert refusal.value.smtp_code == 530
    assert "a-guess-of-mine" not in door.relay.output() and "correct horse" not in door.relay.output()


@pytest.mark.parametrize("setting", ["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
def test_django(door: Door, setting: str):
    """Django's backend with EMAIL_HOST_USER; a process of its own, as it takes its settings only once."""
    port = door.tls_port if setting == "EMAIL_USE_SSL" else door.relay.port
    program = f"""
from django.conf import settings
settings.configure(
    EMAIL_HOST="localhost", EMAIL_PORT={port}, EMAIL_HOST_USER="anna", EMAIL_HOST_PASSWORD="correct horse",
    EMAIL_TIMEOUT=30, {setting}=True)
from django.core.mail import send_mail
assert send_mail("hello", "A line.", "site@shop.example", ["admins@shop.example"]) == 1
"""
    # Django verifies against the certificates of the system; OpenSSL takes ours from this variable.
    environment = {"SSL_CERT_FILE": str(door.cert), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-B", "-c", program], check=True, timeout=60, env=environment)
    door.arrived("ESMTPSA")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_curl(door: Door, scheme: str):
    """curl, which takes AUTH PLAIN with an initial response or without."""
    mail = door.folder / "mail"
    mail.write_bytes(MAIL)
    port = door.tls_port if scheme == "smtps" else door.relay.port
    command = ["curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", str(door.cert), "--user",
               "anna:correct horse", "--mail-from", "site@shop.example", "--mail-rcpt", "admins@shop.example",
               "--upload-file", str(mail), f"{scheme}://localhost:{port}"]
    subprocess.run(command, check=True, timeout=60)
    door.arrived("ESMTPSA")


def test_new_certificate_without_dropping_anybody(door: Door):
    """The next client sees the new certificate, the one who is connected stays."""
    trust = ssl.create_default_context(cafile=str(door.cert))
    with smtplib.SMTP_SSL("localhost", door.tls_port, context=trust) as first:
        secrets.certificate(door.folder)
        until(lambda: "reloaded" in door.relay.output(), "the certificate is read again")
        renewed = ssl.create_default_context(cafile=str(door.cert))
        smtplib.SMTP_SSL("localhost", door.tls_port, context=renewed).quit()
        assert first.noop()[0] == 250


@pytest.mark.parametrize("implicit", [False, True])
def test_a_client_that_ends_tls_without_a_farewell_frees_its_place(door: Door, implicit: bool):
    """curl does so; waiting for its close_notify would keep the connection, and a stop of the relay, for 5 seconds."""
    trust = ssl.create_default_context(cafile=str(door.cert))
    port = door.port(implicit)
    client = smtplib.SMTP_SSL("localhost", port, context=trust) if implicit else smtplib.SMTP("localhost", port)
    if not implicit:
        client.starttls(context=trust)
    client.ehlo()
    assert client.docmd("QUIT")[0] == 221
    client.close()
    until(lambda: door.relay.status()["daemon"]["connections"] == 0, "the connection is gone", seconds=2.5)
