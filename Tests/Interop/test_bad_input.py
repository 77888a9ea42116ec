"""What goes wrong around the relay: it says so in one clear line, or goes on, and loses nothing."""
import socket
import smtplib
import subprocess

import pytest

from conftest import Workshop
from peers.relay import Relay, one_clear_line
from peers.waiting import free_port, stays, until

# Mails that no parser can be happy with. smtplib sends each as it is.
BROKEN = {
    "no boundary": b"Subject: broken\r\nContent-Type: multipart/mixed\r\n\r\n--x\r\n\r\npart\r\n",
    "boundary that never comes": b'Content-Type: multipart/mixed; boundary="a"\r\nSubject: broken\r\n\r\nno part\r\n',
    "part that never ends": b'Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n',
    "base64 that is none": b"Content-Transfer-Encoding: base64\r\nSubject: broken\r\n\r\n!!!! not base64 ====\r\n",
    "bad quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ=\xff= = \r\n=\r\n",
    "unknown charset": b"Content-Type: text/plain; charset=klingon\r\n\r\nTraceback (most recent call last):\r\n",
    "header line without a colon": b"Subject: broken\r\nthis is no header\r\nX: y\r\n\r\nbody\r\n",
    "no header at all": b"\r\nbody only\r\n",
    "no body at all": b"Subject: broken\r\n",
    "8 bit without saying so": "Subject: Grüße\r\n\r\nGrüße\r\n".encode("latin-1"),
    "header fields that begin with a space": b" Subject: x\r\nSubject: broken\r\n\r\nbody\r\n",
    "a report that breaks off": b'Subject: [Shop] ERROR: x\r\n\r\nTraceback (most recent call last):\r\n  File "/x',
    "a very long line": b"Subject: broken\r\n\r\n" + b"x" * 200_000 + b"\r\n",
    "nested 200 deep": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(200)) + b"\r\nx\r\n",
}


def as_sent(raw: bytes) -> bytes:
    """What smtplib makes of the end of a mail."""
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def test_mail_that_cannot_be_parsed_is_forwarded(relay, sink):
    """Broken mail is not our business: each arrives as it came."""
    for raw in BROKEN.values():
        relay.send(raw)
    sink.wait_for(lambda arrival: True, "all of it", count=len(BROKEN))
    for what, raw in BROKEN.items():
        # Not `below_trace`: a mail that begins with a space goes on a field of ours that is there for it.
        assert any(arrival.raw.endswith(b"\r\n" + as_sent(raw)) for arrival in sink.arrivals), what
    totals = relay.totals()
    assert totals["accepted"] == totals["passed"] + totals["doubtful"] == len(BROKEN)


@pytest.mark.parametrize("last", [b"half a li", b"a whole line\r\n", b"the dot is missing\r\n.", b"no CRLF\r\n.\r"])
def test_a_connection_cut_in_data_delivers_nothing(relay, sink, last):
    """Anything short of CRLF.CRLF is dropped, and the next client is served."""
    with (socket.create_connection(("127.0.0.1", relay.port), timeout=10) as client,
          client.makefile("rb") as lines):
        assert lines.readline().startswith(b"220")
        for command in (b"HELO site", b"MAIL FROM:<a@shop.example>", b"RCPT TO:<b@shop.example>", b"DATA"):
            client.sendall(command + b"\r\n")
            assert lines.readline()[:1] in b"23"
        client.sendall(b"Subject: cut\r\n\r\n" + last)
    relay.send(b"Subject: whole\r\n\r\nthis one is whole\r\n")
    sink.wait_for(lambda arrival: arrival.subject == "whole", "the next mail")
    assert relay.totals()["accepted"] == 1
    assert stays(lambda: len(sink.arrivals) == 1, 0.5)


def failing_start(relay: Relay) -> str:
    """Starts a relay that cannot start; the one line that it says."""
    process = relay.launch()
    try:
        code = process.wait(20)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it runs, though it cannot: {relay.output()}") from None
    assert code not in (0, None) and code > 0, f"ended with {code}"
    return one_clear_line(relay.output())


def test_a_busy_port(workshop: Workshop):
    """Somebody listens there already: the line names the address."""
    with socket.create_server(("127.0.0.1", free_port())) as other:
        relay = workshop.relay()
        relay.port = other.getsockname()[1]
        relay.write_config()
        assert str(relay.port) in failing_start(relay)


def test_a_second_instance_on_the_same_store(workshop: Workshop):
    """Two relays on one store would count apart: the second one names the store and goes, the first stays."""
    first = workshop.relay().start()
    second = workshop.relay(store=first.store)
    assert str(first.store) in failing_start(second)
    first.send(b"Subject: still here\r\n\r\nyes\r\n")
    assert first.totals()["accepted"] == 1


@pytest.mark.parametrize(("line", "expected"), [
    ("[window]\nlenght = 1h", ["2:1", "length"]),
    ("[window]\nlength = soon", ["2:10", "length"]),
    ("[windows]\nlength = 1h", ["1:", "window"]),
    ("length 1h", ["1:1"]),
])
def test_a_configuration_with_a_mistake(workshop: Workshop, line, expected):
    """The line names file, line and column, and what was probably meant."""
    relay = workshop.relay()
    relay.config.write_text(line + "\n")
    said = failing_start(relay)
    for part in [relay.config.name, *expected]:
        assert part in said, said


def test_a_configuration_that_is_not_there(workshop: Workshop):
    """The line names the path."""
    relay = workshop.relay()
    relay.config.unlink()
    assert str(relay.config) in failing_start(relay)


def test_a_configuration_that_cannot_be_read(workshop: Workshop):
    """A folder in place of the file: the line names the path."""
    relay = workshop.relay()
    relay.config.unlink()
    relay.config.mkdir()
    assert str(relay.config) in failing_start(relay)


def test_a_store_that_cannot_be_made(workshop: Workshop):
    """A file stands where the folder of the store should be: the line names it."""
    relay = workshop.relay()
    relay.store.write_text("in the way")
    assert str(relay.store) in failing_start(relay)


def test_a_full_disk(workshop: Workshop, small_disk):
    """Each mail is taken, through the emergency spool or straight to the sink, and arrives; with space again all is as
    before, and what was spooled is imported."""
    sink = workshop.sink()
    relay = workshop.relay(sink, store=small_disk / "store").start()
    taken, refused = [], []

    def send(name: str) -> None:
        raw = f"Subject: {name}\r\n\r\n".encode() + b"a line of the mail\r\n" * 3000
        try:
            relay.send(raw)
            taken.append(name)
        except smtplib.SMTPResponseException as error:
            assert 400 <= error.smtp_code < 500, error
            refused.append(name)

    send("before")
    fill(small_disk / "filler")
    for n in range(12):
        send(f"full {n}")
    assert relay.process.poll() is None, "the relay ended on a full disk"
    (small_disk / "filler").unlink()

    def works_again() -> bool:
        send(f"again {len(taken) + len(refused)}")
        return taken[-1].startswith("again")

    until(works_again, "mail is taken again", 30)
    send("after")
    assert taken[-1] == "after"
    sink.wait_for(lambda arrival: arrival.subject == "after", "the mail after it")
    until(lambda: set(taken) <= {arrival.subject for arrival in sink.arrivals}, "everything taken has arrived", 30)
    relay.wait_drained()
    trouble = relay.status()["daemon"]["trouble"]
    assert trouble["spool_waiting"] == 0
    assert trouble["spooled"] + trouble["cut_through"] >= sum(name.startswith("full") for name in taken) > 0
    relay.restart()
    # What was cut through never saw the store.
    assert relay.totals()["accepted"] >= len(taken) - trouble["cut_through"]


def fill(path) -> None:
    """Writes until nothing fits any more."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
