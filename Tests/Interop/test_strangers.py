"""What who may not send can take from a running relay: descriptors, memory, files, the control port (FINDS R1, R5, R7-R9)."""
import os
import resource
import smtplib
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from peers.waiting import answers, free_port, until

MAIL = b"From: <site@shop.example>\r\nTo: <admins@shop.example>\r\nSubject: hello\r\n\r\nA line.\r\n"


def idle(port: int, stack: ExitStack, host: str = "127.0.0.1") -> socket.socket:
    """A client that connects and says nothing."""
    client = stack.enter_context(socket.create_connection((host, port), timeout=10))
    return client


def cpu_seconds(pid: int) -> float:
    """What the process has used of the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Octets of memory that it has now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_idle_strangers_do_not_keep_a_site_from_sending(workshop, sink):
    """R1: 1,000 of them hold the places of strangers, and those for no longer than their login may take."""
    relay = workshop.relay(sink, overrides={
        "access": {"networks": "127.0.0.2/32"}, "listener": {"maximum-connections-per-loopback-client": "1000"},
        "limits": {"login": "5s"}})
    relay.start()
    with ExitStack() as stack:
        strangers = [idle(relay.port, stack) for _ in range(1000)]
        for _ in range(50):
            with smtplib.SMTP("127.0.0.1", relay.port, timeout=10, source_address=("127.0.0.2", 0)) as client:
                client.sendmail("site@shop.example", ["admins@shop.example"], MAIL)
        sink.wait_for(lambda arrival: True, "all mail", 50)
        for stranger in strangers:
            stranger.settimeout(20)
            while stranger.recv(4096):
                pass
    # Of one address a tenth of them.
    assert relay.output().count("tooManyOfClient") == 980


def test_accept_rests_without_descriptors(workshop, sink):
    """R5: a relay that has no descriptors left does not spin, and takes clients again when there are some."""
    relay = workshop.relay(sink)
    relay.start()
    # The control socket is there as well.
    until(lambda: (relay.folder / "control.sock").exists(), "the control socket")
    assert relay.status()
    pid = relay.process.pid
    used = len(os.listdir(f"/proc/{pid}/fd"))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, hard))
    with ExitStack() as stack:
        for _ in range(40):
            idle(relay.port, stack)
        until(lambda: "accept-paused" in relay.output(), "the pause", 10)
        before = cpu_seconds(pid)
        time.sleep(2)
        # Two loops that spin take four seconds.
        assert cpu_seconds(pid) - before < 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    relay.send(MAIL)
    sink.wait_for(lambda arrival: True, "the mail")


def test_the_limit_of_descriptors_is_raised_and_said(workshop, sink):
    """R5: from the soft limit to the hard one; a number of connections that needs more is said, and not promised."""
    relay = workshop.relay(sink)
    relay.start("prlimit", "--nofile=300:300")
    assert resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE) == (300, 300)
    assert "descriptors-short" in relay.output() and "maximum-connections = 1000 needs 1128" in relay.output()
    relay.stop()
    relay.start("prlimit", "--nofile=64:2048")
    assert resource.prlimit(relay.process.pid, resource.RLIMIT_NOFILE) == (2048, 2048)


def test_unfinished_headers_share_a_budget(workshop, sink):
    """R7: 200 clients with a header of 900 KiB each that does not end: most are refused for now, and memory stays."""
    relay = workshop.relay(sink, overrides={"listener": {"message-memory": "16MiB"}})
    relay.start()
    pid = relay.process.pid
    before = resident(pid)
    with ExitStack() as stack:
        clients = [idle(relay.port, stack) for _ in range(200)]
        for client in clients:
            client.recv(4096)
            client.sendall(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        for client in clients:
            while b"354" not in client.recv(4096):
                pass
            client.sendall(b"X-Long: " + b"x" * (900 << 10))
        assert resident(pid) - before < 120 << 20
        # A debug build on a busy machine takes its time over 180 MB.
        clients[-1].settimeout(90)
        clients[-1].sendall(b"\r\n\r\nbody\r\n.\r\n")
        assert clients[-1].recv(4096).startswith(b"452 4.3.1")
    relay.send(MAIL)
    sink.wait_for(lambda arrival: True, "the mail")


def test_a_file_at_the_control_socket_stays(workshop, sink):
    """R8: the relay does not start, says why, and the file is as it was."""
    relay = workshop.relay(sink)
    path = relay.folder / "notes"
    path.write_text("precious")
    relay.overrides = {"control": {"socket": str(path)}}
    relay.write_config()
    process = relay.launch()
    assert process.wait(20) == 69
    assert "control.socket" in relay.output().splitlines()[-1] and path.read_text() == "precious"


def test_a_second_relay_does_not_steal_the_control_socket(workshop, sink):
    """R8: it refuses to start, and the first one goes on answering."""
    first, second = workshop.relay(sink), workshop.relay(sink)
    path = first.folder / "shared.sock"
    for relay in (first, second):
        relay.overrides = {"control": {"socket": str(path)}}
        relay.write_config()
    first.start()
    assert second.launch().wait(20) == 69 and "somebody listens there" in second.output()
    assert first.status()
    first.stop()
    assert not path.exists()


def test_the_control_port_waits_for_nobody_without_a_token(workshop, sink):
    """R9: idle connections and slow requests end after ten seconds, are bounded in number, and a large body is 413."""
    relay = workshop.relay(sink)
    port, token = free_port(), relay.folder / "token"
    token.write_text("secret-token-of-a-test")
    token.chmod(0o600)
    relay.overrides = {"control": {"address": f"127.0.0.1:{port}", "token-file": str(token)}}
    relay.write_config()
    relay.start()
    until(lambda: answers(port), "the control API listens")
    with ExitStack() as stack:
        silent = idle(port, stack)
        slow = idle(port, stack)
        slow.sendall(b"POST /v1/silences HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        admin = idle(port, stack)
        head = b"POST /v1/silences HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret-token-of-a-test\r\n"
        admin.sendall(head + b"Content-Length: 70000\r\n\r\n")
        assert admin.recv(4096).startswith(b"HTTP/1.1 413")
        for client in (silent, slow):
            client.settimeout(20)
            while client.recv(4096):
                pass
        admin.sendall(b"x" * 70000)
        admin.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
                      + b"9000\r\n" + b"x" * 0x9000 + b"\r\n0\r\n\r\n")
        answer = b""
        while b"413" not in answer:
            piece = admin.recv(4096)
            assert piece
            answer += piece
