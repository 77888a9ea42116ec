"""The programs that send: each brings the same awkward mail to all its recipients, octet for octet."""
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from peers import postfix
from peers.door import PASSWORD, USER, Door, open_door
from peers.mails import AWKWARD, RECIPIENTS, SENDER
from peers.pythons import interpreters
from peers.relay import REPOSITORY
from peers.waiting import stays

@pytest.fixture
def door(workshop, tmp_path) -> Door:
    """A relay that trusts its own machine, and takes logins."""
    (tmp_path / "mail").write_bytes(AWKWARD)
    (tmp_path / "unix-mail").write_bytes(AWKWARD.replace(b"\r\n", b"\n"))
    return open_door(workshop, tmp_path, networks="127.0.0.0/8")


def run(door: Door, command: list[str], stdin: str = "mail", **variables: str) -> None:
    """Runs a client that trusts the certificate of the relay, and expects it to be content."""
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(door.cert), **variables}
    with open(door.folder / stdin, "rb") as mail:
        done = subprocess.run(
            command, stdin=mail, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, env=environment)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout.decode(errors='replace')}"


def expect(door: Door, transmission: str, mail: bytes = AWKWARD) -> None:
    """The mail came once, unchanged, for every recipient."""
    arrival = door.arrived(transmission)
    assert arrival.below_trace == mail
    assert (arrival.sender, sorted(arrival.recipients)) == (SENDER, sorted(RECIPIENTS))
    door.relay.wait_drained()
    assert len(door.sink.arrivals) == 1


both_kinds_of_tls = pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])


@both_kinds_of_tls
def test_curl(door: Door, implicit: bool):
    """curl."""
    recipients = [word for recipient in RECIPIENTS for word in ("--mail-rcpt", recipient)]
    url = f"{'smtps' if implicit else 'smtp'}://localhost:{door.port(implicit)}"
    run(door, ["curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", str(door.cert), "--user",
               f"{USER}:{PASSWORD}", "--mail-from", SENDER, *recipients, "--upload-file", "-", url])
    expect(door, "ESMTPSA")


@both_kinds_of_tls
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_msmtp(door: Door, implicit: bool, mechanism: str):
    """msmtp, which stands in for sendmail on many small servers."""
    run(door, ["msmtp", "--file=/dev/null", "--host=localhost", f"--port={door.port(implicit)}", "--tls=on",
               f"--tls-starttls={'off' if implicit else 'on'}", f"--tls-trust-file={door.cert}", f"--auth={mechanism}",
               f"--user={USER}", f"--passwordeval=echo {PASSWORD}", f"--from={SENDER}", *RECIPIENTS], "unix-mail")
    expect(door, "ESMTPSA")


@both_kinds_of_tls
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(door: Door, implicit: bool, mechanism: str):
    """swaks, with which mail servers are tried out."""
    run(door, ["swaks", "--server", "localhost", "--port", str(door.port(implicit)),
               "--tls-on-connect" if implicit else "--tls", "--tls-verify", "--tls-ca-path", str(door.cert), "--auth",
               mechanism, "--auth-user", USER, "--auth-password", PASSWORD, "--from", SENDER, "--to",
               ",".join(RECIPIENTS), "--data", "-"], "unix-mail")
    # It ends every mail with an empty line of its own.
    expect(door, "ESMTPSA", AWKWARD + b"\r\n")


def test_smtp_source(door: Door):
    """Postfix's load generator: 200 mails over ten sessions at a time arrive, and no more."""
    postfix.smtp_source(door.relay.port, mails=200, sessions=10, sender=SENDER, recipient=RECIPIENTS[0])
    door.sink.wait_for(lambda arrival: arrival.recipients == RECIPIENTS[:1], "all mails", count=200)
    door.relay.wait_drained()
    assert stays(lambda: len(door.sink.arrivals) == 200, 0.5)


PYTHONS = interpreters()

# What each Python runs. It has to do for 3.6 as well.
SMTPLIB = {
    "bytes": """
with smtplib.SMTP("localhost", PORT) as client:
    client.sendmail(SENDER, RECIPIENTS, MAIL)
""",
    "message": """
message = email.message_from_bytes(MAIL, policy=email.policy.SMTP)
with smtplib.SMTP("localhost", PORT) as client:
    client.send_message(message, SENDER, RECIPIENTS)
""",
    "starttls": """
trust = ssl.create_default_context()
with smtplib.SMTP("localhost", PORT) as client:
    client.starttls(context=trust)
    client.login(USER, PASSWORD)
    client.sendmail(SENDER, RECIPIENTS, MAIL)
""",
    "implicit": """
with smtplib.SMTP_SSL("localhost", TLS_PORT, context=ssl.create_default_context()) as client:
    client.login(USER, PASSWORD)
    client.sendmail(SENDER, RECIPIENTS, MAIL)
""",
}


@pytest.mark.parametrize("way", SMTPLIB)
@pytest.mark.parametrize("version", PYTHONS)
def test_smtplib(door: Door, version: str, way: str):
    """smtplib of every Python of this machine."""
    names = {"PORT": door.relay.port, "TLS_PORT": door.tls_port, "SENDER": SENDER, "RECIPIENTS": RECIPIENTS,
             "USER": USER, "PASSWORD": PASSWORD}
    program = ["import email, email.policy, smtplib, ssl, sys", "MAIL = sys.stdin.buffer.read()",
               *(f"{name} = {value!r}" for name, value in names.items()), SMTPLIB[way]]
    run(door, [PYTHONS[version], "-B", "-c", "\n".join(program)])
    expect(door, "ESMTPSA" if way in ("starttls", "implicit") else "ESMTP")


@dataclass
class Django:
    """A Django, the Python that runs it, and where it stands when that Python does not know."""

    python: str
    packages: Path | None = None


def djangos() -> dict[str, Django]:
    """The one of today, and the others that Scripts/setup found a Python for."""
    found = {"today": Django(sys.executable)}
    for folder in sorted(REPOSITORY.glob(".venv/django-on-*")):
        found[folder.name] = Django(PYTHONS[folder.name.removeprefix("django-on-")], folder)
    return found


DJANGOS = djangos()

DJANGO = """
from django.conf import settings
settings.configure(
    EMAIL_HOST="localhost", EMAIL_PORT={port}, EMAIL_HOST_USER={user!r}, EMAIL_HOST_PASSWORD={password!r},
    EMAIL_TIMEOUT=30, {setting}=True)
from django.core.mail import EmailMessage
fixed = {{"Date": "Sun, 22 Nov 2026 10:00:00 +0000", "Message-ID": "<awkward@shop.example>"}}
mail = EmailMessage("awkward", {body!a}, {sender!r}, {recipients!r}, headers=fixed)
try:
    octets = mail.message().as_bytes(linesep="\\r\\n")
except TypeError:
    # From Django 6.0 on it is a message of today's Python.
    import email.policy
    octets = mail.message(policy=email.policy.SMTP).as_bytes()
with open({copy!r}, "wb") as copy:
    copy.write(octets)
assert mail.send() == 1
"""


@pytest.mark.parametrize("setting", ["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
@pytest.mark.parametrize("version", DJANGOS)
def test_django(door: Door, version: str, setting: str):
    """Django's backend: what it made of the mail is what arrives."""
    django, copy = DJANGOS[version], door.folder / "copy"
    program = DJANGO.format(
        port=door.port(setting == "EMAIL_USE_SSL"), user=USER, password=PASSWORD, setting=setting, sender=SENDER,
        recipients=RECIPIENTS, copy=str(copy), body=AWKWARD.decode().split("\r\n\r\n", 1)[1].replace("\r\n", "\n"))
    where = {"PYTHONPATH": str(django.packages)} if django.packages else {}
    run(door, [django.python, "-B", "-c", program], **where)
    expect(door, "ESMTPSA", copy.read_bytes())
