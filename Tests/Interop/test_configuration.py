"""The configuration beyond one file: conf.d, the environment, what counts in the end; and the door with a token."""
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from conftest import Workshop
from peers.mails import error_report
from peers.relay import Relay, binary, write_config
from peers.waiting import free_port, until


def maildedup(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
    """Runs maildedup with these variables."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAILDEDUP_")}
    return subprocess.run([binary("maildedup"), *arguments], capture_output=True, text=True, timeout=30, cwd=folder,
                          env=environment | variables)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with two files beside it, and one that is none."""
    (tmp_path / "dedup.conf").write_text("[window]\nlength = 2h\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "20-b.conf").write_text("[window]\nlength = 4h\n")
    (tmp_path / "conf.d" / "10-a.conf").write_text("[window]\nlength = 3h\nquiet = 2d\n")
    (tmp_path / "conf.d" / ".hidden.conf").write_text("nonsense")
    (tmp_path / "conf.d" / "old.conf.bak").write_text("nonsense")
    return tmp_path


def test_print_config(folder: Path):
    """Each value with its origin; it can be fed back."""
    config = str(folder / "dedup.conf")
    done = maildedup("--config", config, "--print-config", MAILDEDUP_DELIVERY_SMARTHOST="mail.example:25")
    assert done.returncode == 0 and not done.stderr, done.stderr
    for part in [f"# {folder}/conf.d/20-b.conf:2\nlength = 4h", f"# {folder}/conf.d/10-a.conf:3\nquiet = 2d",
                 "# environment MAILDEDUP_DELIVERY_SMARTHOST\nsmarthost = mail.example:25", "# default\nmode = dedup"]:
        assert part in done.stdout, done.stdout
    (folder / "again").mkdir()
    (folder / "again" / "dedup.conf").write_text(done.stdout)
    again = maildedup("--config", str(folder / "again" / "dedup.conf"), "--print-config")
    plain = [[line for line in text.splitlines() if not line.startswith("#")] for text in [done.stdout, again.stdout]]
    assert plain[0] == plain[1]


def test_a_problem_beside_the_file(folder: Path):
    """It is named with its file; dedupctl check-config says the same, for people and for programs."""
    (folder / "conf.d" / "30-c.conf").write_text("[window]\nlenght = 1h\n")
    config = str(folder / "dedup.conf")
    done = maildedup("--config", config, "--check-config")
    assert done.returncode == 78 and f'{folder}/conf.d/30-c.conf:2:1: unknown key "lenght"' in done.stderr
    check = subprocess.run([binary("dedupctl"), "check-config", config, "-o", "json"], capture_output=True, text=True)
    [found] = [json.loads(line) for line in check.stdout.splitlines()]
    assert check.returncode == 1 and (found["line"], found["severity"]) == (2, "error")
    assert found["file"].endswith("30-c.conf") and "did you mean length?" in found["message"]


def test_a_folder_that_may_not_be_read(folder: Path):
    """Settings that cannot be read are not left out."""
    (folder / "conf.d").chmod(0o700)
    for above in [folder, *list(folder.parents)[:-2]]:
        above.chmod(0o755)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary("dedupctl"), "check-config",
               str(folder / "dedup.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 5 and "cannot look into" in done.stderr, done.stderr


def test_only_the_environment(tmp_path: Path):
    """A container needs no file, unless it names one."""
    assert maildedup("--check-config", folder=tmp_path).returncode == 78
    done = maildedup("--check-config", folder=tmp_path, MAILDEDUP_WINDOW_LENGTH="4h")
    assert done.returncode == 0, done.stderr
    done = maildedup("--check-config", "--config", "other.conf", folder=tmp_path, MAILDEDUP_WINDOW_LENGTH="4h")
    assert done.returncode == 78 and "other.conf" in done.stderr
    done = maildedup("--check-config", folder=tmp_path, MAILDEDUP_WINDOW_LENGHT="4h", MAILDEDUP_LOG_LEVEL="debug")
    assert done.returncode == 78 and "did you mean MAILDEDUP_WINDOW_LENGTH?" in done.stderr
    alone = maildedup("--check-config", folder=tmp_path, MAILDEDUP_WINDOW_LENGHT="4h")
    assert alone.returncode == 78 and "did you mean MAILDEDUP_WINDOW_LENGTH?" in alone.stderr


def secret(path: Path, mode: int) -> str:
    """A file with a password."""
    path.write_text("open-sesame\n")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("settings, said", [
    (lambda folder: {"delivery": {"smarthost": "localhost:25", "username": "me", "password-file": str(folder / "none")}},
     "delivery.password-file: "),
    (lambda folder: {"delivery": {"smarthost": "localhost:25", "username": "me",
                                  "password-file": secret(folder / "open", 0o644)}}, "run: chmod 640"),
    (lambda folder: {"route shop": {"recipient": "*@shop.example", "smarthost": "localhost:25", "username": "me",
                                    "password-file": str(folder / "none")}}, "route shop.password-file: "),
    (lambda folder: {"tls": {"certificate": str(folder / "none.pem"), "key": str(folder / "none.key")}}, "none.pem"),
    (lambda folder: {"auth": {"users": str(folder / "nobody")}}, "nobody"),
    (lambda folder: {"store": {"directory": str(folder / "dedup.conf")}}, "store.directory: "),
    (lambda folder: {"control": {"socket": str(folder / "dedup.conf")}}, "is not a socket"),
    (lambda folder: {"control": {"socket": str(folder / "dedup.conf" / "c")}}, "is not a folder"),
    (lambda folder: {"control": {"socket": "/proc/c.sock"}}, "control.socket: /proc takes no files"),
    (lambda folder: {"delivery": {"maildir": "/proc/x"}}, "delivery.maildir: /proc/x is missing and cannot be made"),
    (lambda folder: {"store": {"directory": str(folder / "s"), "spool": "/proc/y"}}, "store.spool: /proc/y is missing"),
    (lambda folder: {"store": {"directory": str(folder / "s"), "spool": str(folder / "dedup.conf")}}, "is not a folder"),
    (lambda folder: {"store": {"directory": str(folder / "s"), "spool": f"{folder}/./s/"}}, "is given to both"),
    (lambda folder: {"store": {"directory": linked(folder, "s", "t"), "spool": str(folder / "t")}}, "is the folder of"),
    (lambda folder: {"listener": {"address": "192.0.2.1:2525"}}, "192.0.2.1:2525 is not an address of this machine"),
], ids=["missing password", "open password", "password of a route", "certificate", "users", "file for a folder", "file for a socket", "file for the folder of a socket",
        "socket in /proc", "Maildir in /proc", "spool in /proc", "file for the spool", "one folder twice",
        "one folder under two names", "address"])
def test_a_check_opens_what_a_start_opens(tmp_path: Path, settings, said: str):
    """What a start or a reload would refuse, the check says, and in one line for each."""
    overrides = {"listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": str(tmp_path / "store")}}
    write_config(tmp_path / "dedup.conf", overrides | settings(tmp_path))
    done = maildedup("--check-config", "--config", str(tmp_path / "dedup.conf"))
    errors = [line for line in done.stderr.splitlines() if ": warning: " not in line]
    assert done.returncode == 78 and len(errors) == 1 and said in errors[0], done.stderr


def linked(folder: Path, name: str, link: str) -> str:
    """A folder, and another name for it."""
    (folder / name).mkdir()
    (folder / link).symlink_to(folder / name)
    return str(folder / name)


@pytest.mark.parametrize("settings, status, said", [
    ({"delivery": {"maildir": "/proc/x"}}, 78, "delivery.maildir: /proc/x is missing and cannot be made"),
    ({"store": {"spool": "/proc/y"}}, 78, "store.spool: /proc/y is missing and cannot be made"),
    ({"store": {"spool": "d.conf"}}, 78, "d.conf is not a folder"),
    ({"store": {"spool": "store"}}, 78, "this folder is given to both store.directory and store.spool"),
    ({"control": {"socket": "/proc/c.sock"}}, 69, "control.socket = /proc/c.sock: /proc takes no sockets"),
], ids=["Maildir in /proc", "spool in /proc", "file for the spool", "one folder twice", "socket in /proc"])
def test_a_start_without_a_place(tmp_path: Path, settings: dict, status: int, said: str):
    """In one line, before anybody is let in."""
    plain = {"listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": "store"},
             "control": {"socket": "c.sock"}}
    write_config(tmp_path / "d.conf", plain | {key: plain.get(key, {}) | value for key, value in settings.items()})
    done = maildedup("--config", "d.conf", folder=tmp_path)
    assert done.returncode == status and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert "listening" not in done.stdout and "another" in done.stderr, done.stdout + done.stderr


def test_a_full_disk(workshop: Workshop, small_disk: Path):
    """The check and doctor write something, and say what the relay will say to the next client."""
    relay = workshop.relay(overrides={
        "store": {"directory": str(small_disk / "store"), "spool": str(small_disk / "spool")},
        "delivery": {"maildir": str(small_disk / "Maildir")}}).start()
    assert relay.dedupctl("doctor").returncode == 0
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while filler.write(bytes(4096)):
            pass
    findings = {finding["check"]: finding for finding in relay.ask_whatever("doctor")}
    assert {findings[check]["state"] for check in ["disk", "spool", "upstream"]} == {"fails"}, findings
    assert "free some space" in findings["disk"]["remedy"] and "works" == findings["daemon"]["state"]
    done = maildedup("--check-config", "--config", str(relay.config))
    assert done.returncode == 78 and "store.directory: the disk of" in done.stderr and "is full" in done.stderr, done.stderr
    os.truncate(small_disk / "filler", (small_disk / "filler").stat().st_size - (256 << 10))
    done = maildedup("--check-config", "--config", str(relay.config))
    assert done.returncode == 78 and "KiB are free where the store is" in done.stderr, done.stderr


@pytest.mark.parametrize("program", ["maildedup", "dedupctl", "doctor"])
def test_a_configuration_that_is_no_file(tmp_path: Path, program: str):
    """Nobody writes to that FIFO; it is not waited for."""
    os.mkfifo(tmp_path / "fifo")
    command = {"maildedup": ["maildedup", "--check-config"], "dedupctl": ["dedupctl", "status"],
               "doctor": ["dedupctl", "doctor"]}[program]
    for path in [str(tmp_path / "fifo"), "/dev/zero"]:
        done = subprocess.run([binary(command[0]), *command[1:], "--config", path], capture_output=True, text=True,
                              timeout=20)
        assert done.returncode != 0 and f"{path} is not a regular file" in done.stdout + done.stderr


def test_a_listener_without_an_address(tmp_path: Path):
    """A name that does not resolve is said in words."""
    write_config(tmp_path / "d.conf", {
        "listener": {"address": "nix.invalid:2525"}, "store": {"directory": "store"}, "control": {"socket": "c.sock"}})
    done = maildedup("--config", "d.conf", folder=tmp_path)
    assert done.returncode == 69 and done.stderr.splitlines()[-1] == (
        "maildedup: cannot listen on nix.invalid:2525: the name does not resolve to an address of this machine; "
        "change [listener] address"), done.stderr


def test_a_control_port_that_is_taken(tmp_path: Path):
    """It is no secret until the end: neither a check nor a start is content with it."""
    (tmp_path / "token").write_text("a-long-token-for-the-port\n")
    (tmp_path / "token").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        write_config(tmp_path / "d.conf", {
            "listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": "store"},
            "control": {"socket": "c.sock", "address": address, "token-file": "token"}})
        check = maildedup("--check-config", "--config", "d.conf", folder=tmp_path)
        start = maildedup("--config", "d.conf", folder=tmp_path)
    assert (check.returncode, start.returncode) == (78, 69)
    for done in (check, start):
        assert f"control.address: {address} is in use" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_two_addresses_that_exclude_each_other(tmp_path: Path):
    """The second one is ours as well, so the check has to hold the first."""
    port = free_port()
    write_config(tmp_path / "d.conf", {
        "listener": {"address": f"127.0.0.1:{port}, 0.0.0.0:{port}"}, "store": {"directory": "store"},
        "control": {"socket": "c.sock", "socket-group": "root"}})
    done = maildedup("--check-config", "--config", "d.conf", folder=tmp_path)
    assert done.returncode == 78 and f"0.0.0.0:{port} is in use" in done.stderr, done.stderr


def test_what_only_systemd_has_is_a_warning(tmp_path: Path):
    """The check runs by hand, where $CREDENTIALS_DIRECTORY is not set."""
    write_config(tmp_path / "d.conf", {
        "listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": "store"},
        "delivery": {"smarthost": "localhost:25", "username": "me", "password-file": "$CREDENTIALS_DIRECTORY/smarthost"}})
    done = maildedup("--check-config", "--config", "d.conf", folder=tmp_path)
    assert done.returncode == 0 and "exists only under systemd, so it was not checked" in done.stderr, done.stderr


def test_a_secret_that_is_missing_at_the_start(workshop: Workshop, sink):
    """Mail waits for it in the queue, and the log says so at once."""
    relay = workshop.relay(sink, overrides={"delivery": {"username": "me", "password-file": "/nowhere/secret"}}).start()
    assert " secret-unreadable " in relay.output() and "delivery.password-file: cannot open /nowhere/secret" in relay.output()


def test_a_relay_that_is_stuck(relay: Relay):
    """It takes connections, as the kernel does for it, and answers none."""
    until(lambda: relay.dedupctl("ping").returncode == 0, "the control socket")
    relay.process.send_signal(signal.SIGSTOP)
    try:
        done = relay.dedupctl("ping")
    finally:
        relay.process.send_signal(signal.SIGCONT)
    assert done.returncode == 4 and "took the connection and did not answer within 15 s" in done.stderr, done.stderr


def test_escapes_in_what_was_typed(tmp_path: Path):
    """maildedup says a path or an option as it may be shown."""
    for arguments in [["--config", "a\x1b[31mb"], ["--a\x1b[31mb"], ["--check-config", "--config", "a\u202eb\u2028"]]:
        done = maildedup(*arguments, folder=tmp_path)
        assert done.returncode in (64, 78) and "\ufffd" in done.stderr, done.stderr
        assert not any(c in done.stderr for c in "\x1b\u202e\u2028"), repr(done.stderr)


def test_a_start_without_a_place_for_its_socket(tmp_path: Path):
    """A file that may be executed stands where the folder should be: said before anybody is let in."""
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    write_config(tmp_path / "d.conf", {
        "listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": str(tmp_path / "store")},
        "control": {"socket": str(tmp_path / "tool" / "c.sock")}})
    done = maildedup("--config", "d.conf", folder=tmp_path)
    assert done.returncode == 69 and "is not a folder" in done.stderr and "listening" not in done.stdout, done.stderr


def test_short_relative_paths(tmp_path: Path):
    """A name of one letter is a path like any other."""
    write_config(tmp_path / "d.conf", {
        "listener": {"address": f"127.0.0.1:{free_port()}"}, "delivery": {"maildir": "m"},
        "store": {"directory": "a/b", "spool": "q"}, "control": {"socket": "c"}})
    done = maildedup("--check-config", "--config", "d.conf", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_check_that_cannot_say_so(tmp_path: Path):
    """A full device is no yes."""
    write_config(tmp_path / "d.conf", {"listener": {"address": f"127.0.0.1:{free_port()}"},
                                       "store": {"directory": str(tmp_path / "store")}})
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary("maildedup"), "--check-config", "--config", tmp_path / "d.conf"], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 74 and "cannot write the output" in done.stderr, done.stderr


def test_a_check_knows_a_port_of_ours(workshop: Workshop):
    """A port is taken: by another program, or by the relay that is to be reloaded."""
    relay = workshop.relay().start()
    assert maildedup("--check-config", "--config", str(relay.config)).returncode == 0
    relay.kill()
    with socket.create_server(("127.0.0.1", relay.port)):
        done = maildedup("--check-config", "--config", str(relay.config))
    assert done.returncode == 78 and f"127.0.0.1:{relay.port} is in use" in done.stderr
    done = maildedup("--check-config", "--config", str(relay.config), MAILDEDUP_FOO="1")
    assert done.returncode == 0 and "MAILDEDUP_FOO: no key" in done.stderr


def test_a_check_knows_folders_that_may_not_be_written(tmp_path: Path):
    """Said with the name of whoever may not."""
    write_config(tmp_path / "dedup.conf", {
        "listener": {"address": f"127.0.0.1:{free_port()}"}, "store": {"directory": "/root/maildedup/store"}})
    for above in [tmp_path, *list(tmp_path.parents)[:-2]]:
        above.chmod(0o755)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary("maildedup"), "--check-config", "--config",
         str(tmp_path / "dedup.conf")], capture_output=True, text=True)
    assert done.returncode == 78 and "store.directory: " in done.stderr and 'user "nobody" cannot write' in done.stderr, done.stderr


def test_a_reload_says_what_changed(workshop: Workshop):
    """Old and new, of files beside the file too; in the answer, for people and in the log."""
    relay = workshop.relay().start()
    (relay.folder / "conf.d").mkdir()
    write_config(relay.folder / "conf.d" / "night.conf", {"window": {"length": "4h"}, "site staging": {"length": "1d"}})
    done = relay.dedupctl("reload")
    assert "  window.length: 1h -> 4h\n" in done.stdout and "  site staging: (empty) -> length = 1d\n" in done.stdout
    assert "configuration-changed key=window.length new=4h old=1h" in relay.output()
    [report] = relay.ask("reload")
    assert report["changes"] == []


@pytest.fixture
def door(workshop: Workshop) -> tuple[Relay, str]:
    """A relay that also answers over TCP, and where."""
    relay = workshop.relay()
    token = relay.folder / "token"
    token.write_text("open-sesame\n")
    token.chmod(0o600)
    address = f"127.0.0.1:{free_port()}"
    relay.overrides = {"control": {"address": address, "token-file": str(token), "socket-group": "daemon"}}
    relay.write_config()
    relay.start()
    until(lambda: relay.dedupctl("ping").returncode == 0, "the control API answers")
    return relay, address


@pytest.mark.parametrize("shown, status", [
    ([], 401), (["Authorization: Bearer open-sesame"], 200), (["Authorization: Bearer open-sesamf"], 401),
    (["Authorization: Bearer open-sesame2"], 401), (["Authorization: Basic b3Blbi1zZXNhbWU="], 401)])
def test_the_token(door: tuple[Relay, str], shown: list[str], status: int):
    """Nobody gets in without it."""
    headers = [word for header in shown for word in ["-H", header]]
    for path in ["/v1/status", "/v1/errors", "/nowhere"]:
        asked = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *headers, f"http://{door[1]}{path}"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
        assert done.stdout == str(404 if status == 200 and path == "/nowhere" else status)


def test_dedupctl_through_the_door(door: tuple[Relay, str], tmp_path: Path):
    """With the token all works, without it nothing; no configuration is needed for it."""
    relay, address = door
    relay.send(error_report(1))
    command = [binary("dedupctl"), "list", "--all", "--control-address", address]
    run = lambda *more: subprocess.run([*command, *more], capture_output=True, text=True, cwd=tmp_path)
    assert "KeyError" in run("--token-file", str(relay.folder / "token")).stdout
    assert run().returncode == 2
    (tmp_path / "wrong").write_text("guess")
    (tmp_path / "wrong").chmod(0o600)
    wrong = run("--token-file", str(tmp_path / "wrong"))
    assert wrong.returncode != 0 and "token" in wrong.stderr


def test_the_group_of_the_socket(door: tuple[Relay, str]):
    """Its members may ask, nobody else."""
    found = (door[0].folder / "control.sock").stat()
    assert found.st_mode & 0o777 == 0o660 and found.st_gid == 1


def test_a_group_that_is_not_there(workshop: Workshop):
    """The start says so."""
    relay = workshop.relay(overrides={"control": {"socket-group": "nobody-here"}})
    relay.launch()
    assert relay.process.wait(20) == 78 and 'there is no group "nobody-here"' in relay.output()
