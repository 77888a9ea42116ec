"""Octets that no mail may have, from a client that may send: taken, mended, judged, told in the log (FINDS S2, S5, S6, V5)."""
import shutil
import smtplib
import socket
import subprocess

from peers.mails import error_report
from peers.waiting import until


def talk(port: int, data: bytes) -> bytes:
    """Sends a mail whose octets nobody touches on the way; the last reply."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        reader = client.makefile("rb")
        reader.readline()
        for line in (b"HELO c", b"MAIL FROM:<django@shop.example>", b"RCPT TO:<admins@shop.example>", b"DATA"):
            client.sendall(line + b"\r\n")
            reader.readline()
        client.sendall(data + b"\r\n.\r\n")
        return reader.readline()


def below(arrival) -> bytes:
    """The mail without the fields that the relay put on top."""
    return arrival.raw[arrival.raw.index(b"Subject:"):]


def test_a_report_with_nul_is_judged_and_counted(relay, sink):
    """V5: a visitor's NUL neither loses the report nor makes it another error; nothing bare leaves."""
    report = error_report(1)
    assert talk(relay.port, report.rstrip()).startswith(b"250")
    for octets in (b"\0", b"\r", b"\r\0\r"):
        text = report.replace(b"Internal Server Error", b"Internal Server Error" + octets, 1).rstrip()
        assert talk(relay.port, text + octets).startswith(b"250 2.0.0 counted")
    [arrival] = sink.wait_for(lambda arrival: True, "the first report")
    assert b"\0" not in arrival.raw
    [error] = relay.errors()
    assert error["total"] == 4
    assert "mended=nul,bare-cr" in relay.output() or "mended=bare-cr" in relay.output()


def test_cron_mail_arrives_with_blanks_for_its_progress_bar(relay, sink):
    """S2: the wire answer is the plain 250, and the log says what was mended."""
    reply = talk(relay.port, b"Subject: cron\r\n\r\n10%\r20%\r\r\nlog\n.dot\0\r\nend")
    assert reply.startswith(b"250 2.0.0 queued as")
    [arrival] = sink.wait_for(lambda arrival: arrival.subject == "cron", "the mail")
    assert below(arrival) == b"Subject: cron\r\n\r\n10% 20%\r\nlog\r\n.dot\r\nend\r\n"
    until(lambda: "mended=nul,bare-cr,mixed-line-ends" in relay.output(), "the log line")


def test_a_signed_mail_that_was_mended_is_told_of(relay, sink):
    """S2: with its queue id, as a warning."""
    signed = b"Subject: signed\r\nDKIM-Signature: v=1; a=rsa-sha256\r\n\r\n"
    talk(relay.port, signed + b"as it was")
    reply = talk(relay.port, signed + b"a\rb")
    queue_id = reply.decode().split("queued as ")[1].strip()
    until(lambda: "signed-mail-mended" in relay.output(), "the warning")
    [line] = [line for line in relay.output().splitlines() if "signed-mail-mended" in line]
    assert queue_id in line


def test_the_first_line_stays_out_of_our_fields(relay, sink):
    """S5: a first line that begins with a blank, or is no field, is no part of Received and breaks no header."""
    talk(relay.port, b" stray\r\nSubject: folded\r\n\r\nbody")
    [arrival] = sink.wait_for(lambda arrival: arrival.subject == "folded", "the mail with a stray line")
    assert "stray" not in str(arrival.message["Received"])
    assert arrival.raw.endswith(b" stray\r\nSubject: folded\r\n\r\nbody\r\n")
    talk(relay.port, b"Only text,\r\nno header")
    [arrival] = sink.wait_for(lambda arrival: not arrival.subject, "the mail without a header")
    assert arrival.raw.endswith(b"\r\n\r\nOnly text,\r\nno header\r\n")


def test_curl_sends_a_file_with_lines_that_begin_with_a_dot(relay, sink, tmp_path):
    """S6: `curl -T` stuffs no dots behind a bare LF."""
    assert shutil.which("curl")
    file = tmp_path / "mail"
    file.write_bytes(b"Subject: curl\n\n.profile\n.\nlast\n")
    subprocess.run(
        ["curl", "-sS", f"smtp://127.0.0.1:{relay.port}", "--mail-from", "a@b.example", "--mail-rcpt", "c@d.example",
         "-T", str(file)], check=True, timeout=20)
    [arrival] = sink.wait_for(lambda arrival: arrival.subject == "curl", "the mail")
    assert arrival.body.rstrip() == b".profile\r\n.\r\nlast"


def test_addresses_of_japanese_carriers_arrive(relay, sink):
    """S3: smtplib sends them as they are; a strict smarthost takes them as they leave, and reads the same address."""
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        refused = client.sendmail("a@b.example", ["hoge.@docomo.example", "try..this@ezweb.example"],
                                  b"Subject: carrier\r\n\r\nx\r\n")
    assert refused == {}
    [arrival] = sink.wait_for(lambda arrival: arrival.subject == "carrier", "the mail")
    # aiosmtpd takes the quotes away.
    assert sorted(arrival.recipients) == ["hoge.@docomo.example", "try..this@ezweb.example"]


def test_strict_refusal_can_be_asked_for(workshop, sink):
    """`mend-messages = no` refuses what may not be, and names it."""
    relay = workshop.relay(sink, overrides={"access": {"mend-messages": "no"}})
    relay.start()
    assert b"NUL" in talk(relay.port, b"Subject: x\r\n\r\na\0b")
    assert b"bare CR" in talk(relay.port, b"Subject: x\r\n\r\na\rb")
    assert b"mixes CR LF" in talk(relay.port, b"Subject: x\r\n\r\na\nb\r\nc")
    assert b"single dot" in talk(relay.port, b"Subject: x\n\n.a\n")
