"""Error mail that leaves encrypted: who can read it, what stays legible, and certificates that cannot be used."""
import email
import email.policy
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import Workshop
from peers.clock import Clock
from peers.faults import KINDS, FaultyDisk
from peers.ledger import letter, report
from peers.relay import Relay
from peers.smime import CURVE, RSA, Admin
from peers.waiting import stays, until
from test_faults import library  # pylint: disable=unused-import
from test_memory import MEBIBYTE, Peak
from test_reload import reload

DAY = 86_400
ENOSPC = KINDS[1]


@pytest.fixture
def admins(tmp_path) -> list[Admin]:
    """One with RSA, one with an elliptic curve."""
    return [Admin(tmp_path / name, name, key) for name, key in (("anna", RSA), ("ben", CURVE))]


def settings(*admins: Admin, **keys: str) -> dict[str, dict[str, str]]:
    """The section of the configuration."""
    return {"encryption": {"certificates": ", ".join(str(admin.certificate) for admin in admins)} | keys}


@pytest.fixture
def relay(workshop: Workshop, sink, admins) -> Relay:
    """Running, and encrypting to both."""
    return workshop.relay(sink, overrides=settings(*admins)).start()


TRACEBACK = report("token", "storm").text.split("\n\n", 1)[1]
HEADER = ("From: django@shop.example\nTo: admins@shop.example\n"
          "Subject: [Shop] ERROR: Internal Server Error: /reset/s3cret/\nMessage-ID: <m@shop.example>\n")


def mail(fields: str, body: bytes) -> bytes:
    """A mail as a site sends it."""
    return (HEADER + fields + "\n").replace("\n", "\r\n").encode() + body


def encoded(encoding: str) -> bytes:
    """The fields and the body of a report in that transfer encoding."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made.set_content(TRACEBACK.replace("division by zero", "Division durch Null: Größe 東京"), cte=encoding)
    fields, body = made.as_bytes().split(b"\r\n\r\n", 1)
    fields = "\n".join(line for line in fields.decode().splitlines())
    return mail(f"{fields}\n", body)


REPORTS = {
    "8bit": encoded("8bit"), "quoted-printable": encoded("quoted-printable"), "base64": encoded("base64"),
    "no MIME": mail("", TRACEBACK.replace("\n", "\r\n").encode()),
    "multipart": mail(
        'MIME-Version: 1.0\nContent-Type: multipart/alternative;\n boundary="=_x"\n',
        f"--=_x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TRACEBACK}\r\n--=_x\r\n"
        "Content-Type: text/html\r\n\r\n<p>x</p>\r\n--=_x--\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode()),
    "of a megabyte": mail("", TRACEBACK.replace("\n", "\r\n").encode() + b"GET: x = %060d\r\n" % 0 * 20_000),
}


def entity(raw: bytes) -> bytes:
    """What has to be inside: the fields that describe the body, and the body, as they were sent."""
    header, body = raw.split(b"\r\n\r\n", 1)
    fields = re.findall(rb"(?ims)^content-.*?\r\n(?![ \t])", header + b"\r\n")
    return b"".join(fields) + b"\r\n" + body


@pytest.mark.parametrize("form", REPORTS)
def test_each_reader_has_what_was_sent(relay: Relay, sink, admins, form: str):
    """Octet for octet, whatever the form of the mail; the fields outside are those of the mail, and it names its form."""
    relay.send(REPORTS[form])
    [arrived] = sink.wait_for(lambda arrival: True, "the report")
    assert b"s3cret" in arrived.raw and b"ZeroDivisionError" not in arrived.raw
    for admin in admins:
        assert admin.read(arrived.raw) == entity(REPORTS[form])
    assert arrived.message.get_content_type() == "application/pkcs7-mime"
    assert arrived.message.get_param("smime-type") == "enveloped-data"
    assert arrived.message["Message-ID"] == "<m@shop.example>"
    assert arrived.count_headers()["Count"] == "1"
    assert max(map(len, arrived.raw.split(b"\r\n"))) < 200
    assert len(arrived.message.get_all("MIME-Version")) == len(arrived.message.get_all("Content-Type")) == 1


def test_only_mail_about_errors(relay: Relay, sink, admins):
    """Letters, doubts and bounces go as they came; the summary is encrypted."""
    relay.send(letter("hello").data)
    relay.send(mail("", b"Traceback (most recent call last):\r\n  File \"/srv/x.py\", line 1, in f\r\nHm?\r\n"))
    relay.send(REPORTS["no MIME"])
    sink.wait_for(lambda arrival: arrival.message.get_content_type() == "text/plain", "the first two", count=2)
    assert relay.dedupctl("summary", "--send").returncode == 0
    sink.wait_for(lambda arrival: arrival.message.get_content_type() == "application/pkcs7-mime", "the rest", count=2)
    [summary] = sink.matching(lambda arrival: b"X-MailDedup-Fingerprint" not in arrival.raw
                              and b"pkcs7" in arrival.raw)
    assert b"ZeroDivisionError" in admins[0].read(summary.raw) and b"ZeroDivisionError" not in summary.raw


def test_a_hidden_subject(workshop: Workshop, sink, admins):
    """Outside stands what dedupctl needs; inside the true one, as RFC 9788 has it."""
    relay = workshop.relay(sink, overrides=settings(*admins, **{"hide-subject": "yes"})).start()
    relay.send(REPORTS["8bit"])
    [arrived] = sink.wait_for(lambda arrival: True, "the report")
    [error] = relay.errors()
    assert arrived.subject == f"Error report [{error['id']}] of {error['site']}"
    assert b"s3cret" not in arrived.raw
    inside = email.message_from_bytes(admins[1].read(arrived.raw), policy=email.policy.default)
    assert inside["Subject"] == "[Shop] ERROR: Internal Server Error: /reset/s3cret/"
    assert inside.get_param("hp") == "cipher" and inside.get_param("charset") == "utf-8"
    assert f"Subject: {arrived.subject}" in [" ".join(value.split()) for value in inside.get_all("HP-Outer")]
    assert "東京" in inside.get_content()


def test_milestones(workshop: Workshop, sink, admins):
    """What tells how often an error came is encrypted as the error is, and is called the same outside."""
    relay = workshop.relay(sink, overrides=settings(*admins, **{"hide-subject": "yes"})
                           | {"window": {"milestones": "2"}}).start()
    for _ in range(2):
        relay.send(REPORTS["8bit"])
    both = sink.wait_for(lambda arrival: True, "the report and the milestone", count=2)
    assert len({arrival.subject for arrival in both}) == 1
    assert not [arrival for arrival in both if b"ZeroDivisionError" in arrival.raw or b"s3cret" in arrival.raw]
    read = [admins[0].read(arrival.raw) for arrival in both]
    assert sum(b"ZeroDivisionError" in mail for mail in read) == 2


def test_a_mail_client_in_python_shows_it(relay: Relay, sink, admins):
    """What is inside parses as the mail that was sent."""
    relay.send(REPORTS["multipart"])
    [arrived] = sink.wait_for(lambda arrival: True, "the report")
    inside = email.message_from_bytes(admins[0].read(arrived.raw), policy=email.policy.default)
    assert "ZeroDivisionError: division by zero" in inside.get_body(("plain",)).get_content()


@pytest.mark.parametrize("way", ["spooled", "cut_through"])
def test_with_the_store_in_trouble(workshop: Workshop, sink, admins, library, way: str):
    """A report that the database cannot take leaves encrypted too, from the spool or past all disks."""
    disk = FaultyDisk(library, workshop.folder / "disk")
    spool = workshop.folder / "spool"
    relay = workshop.relay(sink, overrides=settings(*admins) | {"store": {"spool": str(spool)}}, store=disk.folder / "store")
    relay.start(*disk.prefix)
    if way == "cut_through":
        # What takes its place while the relay runs takes no mail.
        shutil.rmtree(spool, ignore_errors=True)
        spool.write_text("not a folder")
    disk.fail(ENOSPC)
    relay.send(REPORTS["8bit"])
    assert f" {way.replace('_', '-')} " in relay.output()
    disk.heal()
    [arrived] = sink.wait_for(lambda arrival: True, "the report")
    assert admins[0].read(arrived.raw) == entity(REPORTS["8bit"]) and b"ZeroDivisionError" not in arrived.raw


# Certificates that cannot be used

def expired(folder, name: str = "carl") -> Admin:
    """It ended yesterday."""
    return Admin(folder / name, name, CURVE, days=-1, begin=-10)


WRONG = {"expired": "expired on 20", "missing": "No such file", "garbage": "holds no certificate in PEM"}


def wrong(folder, what: str) -> str:
    """The path of such a certificate."""
    if what == "expired":
        return str(expired(folder).certificate)
    if what == "garbage":
        (folder / "garbage.pem").write_text("hello\n")
    return str(folder / f"{what}.pem")


@pytest.mark.parametrize("what", WRONG)
def test_refused_at_the_start(workshop: Workshop, sink, admins, tmp_path, what: str):
    """It names the file, whose certificate it is and why, in the check and at the start; with `clear` it starts."""
    path = wrong(tmp_path, what)
    section = settings(admins[0])
    section["encryption"]["certificates"] += f", {path}"
    relay = workshop.relay(sink, overrides=section)
    checked = relay.check_config()
    assert checked.returncode == 78 and relay.launch().wait(30) == 78
    for said in (checked.stderr, relay.output()):
        line = said.splitlines()[-1]
        assert path in line and WRONG[what] in line and "when-unusable = clear" in line
        assert what != "expired" or "CN=carl,O=Shop" in line
    relay.overrides["encryption"]["when-unusable"] = "clear"
    relay.write_config()
    assert relay.check_config().returncode == 0 and WRONG[what] in relay.check_config().stderr
    relay.start()
    relay.send(REPORTS["8bit"])
    [arrived] = sink.wait_for(lambda arrival: True, "the report, in clear")
    assert b"ZeroDivisionError" in arrived.raw
    assert WRONG[what] in " ".join(arrived.message["X-MailDedup-Not-Encrypted"].split())
    assert arrived.raw.endswith(REPORTS["8bit"])
    until(lambda: "certificate-unusable" in relay.output(), "the log says it")
    status = relay.dedupctl("status").stdout
    assert "OFF" in status and WRONG[what] in status
    assert relay.status()["daemon"]["encryption"]["leaves_in_clear"] is True


def test_a_reload(relay: Relay, sink, admins, tmp_path):
    """With a certificate that cannot be used it is refused as a whole; a new one counts from the next mail on."""
    refused = reload(relay, encryption={"certificates": str(expired(tmp_path).certificate)}, window={"length": "0"})
    assert refused["changed"] == [] and "expired on" in refused["problems"][0]
    relay.send(REPORTS["8bit"])
    dora = Admin(tmp_path / "dora", "dora", RSA)
    sink.wait_for(lambda arrival: True, "the first report")
    report = reload(relay, encryption={"certificates": str(dora.certificate)})
    assert report["problems"] == [] and "encryption.certificates" in report["changed"]
    relay.send(REPORTS["base64"])
    [first, second] = sink.wait_for(lambda arrival: True, "the second report", count=2)
    admins[0].read(first.raw)
    assert dora.read(second.raw) == entity(REPORTS["base64"])
    with pytest.raises(AssertionError):
        admins[0].read(second.raw)
    assert "encryption.certificates" in reload(relay, encryption={"certificates": ""})["changed"]
    relay.send(REPORTS["no MIME"])
    sink.wait_for(lambda arrival: b"ZeroDivisionError" in arrival.raw, "a report in clear")


@pytest.mark.parametrize("when", ["refuse", "clear"])
def test_a_certificate_that_expires_while_we_run(workshop: Workshop, sink, tmp_path, when: str):
    """Warned of in time. Then `refuse` goes on encrypting to it, `clear` sends in clear; both say so, again each day."""
    anna = Admin(tmp_path / "anna", "anna", RSA, days=20)
    section = settings(anna, **{"when-unusable": when}) | {"window": {"length": "0"}}
    relay, clock = workshop.relay(sink, overrides=section), Clock(workshop.folder)
    assert "expires on" in relay.check_config().stderr
    relay.start(*clock.prefix)
    until(lambda: "renew it in time" in relay.output(), "the warning")
    relay.send(REPORTS["8bit"])
    sink.wait_for(lambda arrival: True, "a report before the end")
    clock.jump(21 * DAY)
    until(lambda: "certificate-unusable" in relay.output(), "the error")
    assert "expired on" in relay.dedupctl("status").stdout
    relay.send(REPORTS["8bit"])
    [first, second] = sink.wait_for(lambda arrival: b"X-MailDedup-Count" in arrival.raw, "both", count=2)
    assert anna.read(first.raw) == entity(REPORTS["8bit"])
    if when == "refuse":
        assert anna.read(second.raw) == entity(REPORTS["8bit"])
    else:
        assert second.body == REPORTS["8bit"].split(b"\r\n\r\n", 1)[1]
        assert "expired on" in second.message["X-MailDedup-Not-Encrypted"]
    said = relay.output().count("certificate-unusable")
    assert stays(lambda: relay.output().count("certificate-unusable") == said, 5), "once, not with each look"
    clock.jump(1.1 * DAY)
    until(lambda: relay.output().count("certificate-unusable") > said, "the error of the next day")


def test_large_reports_one_at_a_time(workshop: Workshop, admins):
    """Four reports of 12 MiB at once: one after the other is encrypted, each comes out whole."""
    relay = workshop.relay(overrides=settings(*admins) | {"window": {"length": "0"}}).start()
    # As with include_html of Django's handler; a text of that size would be a doubt.
    large = REPORTS["multipart"].replace(b"<p>x</p>\r\n", b"<td>%060d</td>\r\n" % 0 * (12 * MEBIBYTE // 71))
    watch = Peak(relay.process.pid)
    before = watch.highest
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(lambda _: relay.send(large), range(4)))
    relay.wait_drained(120)
    assert watch.stop() - before < 140 * MEBIBYTE
    arrived = list((relay.maildir / "new").iterdir())
    assert len(arrived) == 4 and not list((relay.store / "bodies").iterdir())
    for path in arrived[:2]:
        assert admins[0].read(path.read_bytes()) == entity(large)
