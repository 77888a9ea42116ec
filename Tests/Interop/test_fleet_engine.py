"""Ways to an engine: a socket, TLS, a login with no more rights than it needs, and a primary that Sentinels name."""
import os
import re
from pathlib import Path

import pytest

from conftest import Workshop
from peers import secrets
from peers.engine import Engine
from peers.mails import error_report
from peers.relay import REPOSITORY, Relay
from peers.waiting import free_port, until

pytestmark = pytest.mark.skipif(not Engine.is_there(), reason="redis-server is not installed")


def member(workshop: Workshop, sink, **fleet: str) -> Relay:
    """A relay of a fleet."""
    return workshop.relay(sink, overrides={"fleet": {"patience": "1s", **fleet}})


def engine_of(workshop: Workshop, name: str, *options: str) -> Engine:
    """A running engine."""
    engine = Engine(workshop.folder / name, *options)
    workshop.endings.append(engine.stop)
    return engine.start()


def joined(relay: Relay) -> None:
    """Waits until the relay has reached its engine."""
    until(lambda: "fleet-engine " in relay.output(), "the relay reaches the engine")


def wins(relay: Relay, sink, number: int = 1) -> None:
    """Sends an error and sees that it leaves with the consent of the fleet."""
    relay.send(error_report(number))
    arrival = sink.wait_for(lambda arrival: arrival.message["Message-ID"] == f"<{number}@shop.example>", "the mail")[0]
    assert "X-MailDedup-Fleet" not in arrival.message, "one relay alone has all counts"
    assert relay.ask("fleet")[0]["rulings"]["won"] == 1


def rule_of_the_documents(password: str) -> str:
    """The user that docs/fleet.md gives, as a line of an ACL file."""
    block = re.search(r"```\n(user maildedup .*?)```", (REPOSITORY / "docs" / "fleet.md").read_text(), re.DOTALL)
    return " ".join(block.group(1).replace(">PASSWORD", f">{password}").split())


def test_a_socket(workshop: Workshop, sink):
    """unix:// is an engine on this machine, and `dedupctl fleet` shows it."""
    engine = engine_of(workshop, "engine")
    relay = member(workshop, sink, engine=f"unix://{engine.folder}/redis.sock?db=3", relay="web1").start()
    joined(relay)
    wins(relay, sink)
    report = relay.ask("fleet")[0]
    assert report["version"].startswith(("redis ", "valkey ")) and "problem" not in report
    relays = until(lambda: relay.ask("fleet")[0]["relays"], "the engine has heard of the relay")
    assert [(entry["name"], entry["is_asked"]) for entry in relays] == [("web1", True)]
    shown = relay.dedupctl("fleet").stdout
    assert "web1" in shown and "this one" in shown
    until(lambda: relay.ask("list", "--fleet"), "the error is listed")
    listed = relay.ask("list", "--fleet")[0]
    assert (listed["total"], listed["suppressed"], listed["relays"]) == (1, 0, 1)
    assert "KeyError" in relay.dedupctl("list", "--fleet").stdout


def test_a_login_with_the_rights_of_the_documents(workshop: Workshop, sink):
    """The user that docs/fleet.md gives can do all that is needed; a wrong password is told, and mail goes on."""
    acl = workshop.folder / "users.acl"
    acl.write_text(rule_of_the_documents("secret-word") + "\n")
    engine = engine_of(workshop, "engine", "--aclfile", str(acl))
    word = workshop.folder / "password"
    word.write_text("secret-word\n")
    word.chmod(0o600)
    keys = {"engine": f"redis://127.0.0.1:{engine.port}/0", "name": "shop", "username": "maildedup",
            "password-file": str(word)}
    relay = member(workshop, sink, **keys).start()
    joined(relay)
    wins(relay, sink)
    until(lambda: relay.ask("list", "--fleet"), "the error is pushed and listed")
    check = relay.check_config()
    assert check.returncode == 0 and "answers: redis" in check.stdout, check
    word.write_text("wrong\n")
    relay.restart()
    until(lambda: "refuses the login" in relay.output(), "the log says so")
    relay.send(error_report(2))
    alone = sink.wait_for(lambda arrival: arrival.message["Message-ID"] == "<2@shop.example>", "the mail")[0]
    assert alone.count_headers()["Fleet"] == "fleet-away"
    check = relay.check_config()
    assert check.returncode == 0 and "refuses the login" in check.stderr, check


def test_tls_is_verified(workshop: Workshop, sink):
    """rediss:// takes an engine of a known authority only, under its name only."""
    cert, key = secrets.certificate(workshop.folder)
    port = free_port()
    engine_of(workshop, "engine", "--tls-port", str(port), "--tls-cert-file", str(cert), "--tls-key-file", str(key),
              "--tls-auth-clients", "no")
    relay = member(workshop, sink, **{"engine": f"rediss://localhost:{port}", "ca-file": str(cert)}).start()
    joined(relay)
    wins(relay, sink)
    stranger = member(workshop, sink, engine=f"rediss://localhost:{port}").start()
    until(lambda: "certificate of the engine is not valid" in stranger.output(), "the log says so")
    stranger.send(error_report(2))
    alone = sink.wait_for(lambda arrival: arrival.message["Message-ID"] == "<2@shop.example>", "the mail")[0]
    assert alone.count_headers()["Fleet"] == "fleet-away"


def test_files_that_cannot_be_used_refuse_the_start(workshop: Workshop, sink):
    """A missing authority or password is found by --check-config, and not at night."""
    for key in ("ca-file", "password-file"):
        relay = member(workshop, sink, **{"engine": "rediss://localhost:6379", key: "/nonexistent/file"})
        check = relay.check_config()
        assert check.returncode == 78 and f"fleet.{key}" in check.stderr, check


def test_a_reload_joins_and_leaves(workshop: Workshop, sink):
    """[fleet] takes effect with a reload, both ways."""
    engine = engine_of(workshop, "engine")
    relay = workshop.relay(sink).start()
    assert relay.dedupctl("fleet").returncode == 3
    relay.overrides["fleet"] = {"engine": f"redis://127.0.0.1:{engine.port}", "patience": "1s"}
    relay.write_config()
    assert "fleet.engine" in relay.ask("reload")[0]["changed"]
    joined(relay)
    wins(relay, sink)
    relay.overrides["fleet"] = {}
    relay.write_config()
    relay.ask("reload")
    assert relay.dedupctl("fleet").returncode == 3
    until(lambda: len(engine.ask("CLIENT", "LIST").splitlines()) == 1, "the connection is closed")


def test_a_failover_that_sentinels_make(workshop: Workshop, sink):
    """When the primary dies, Sentinels name the replica, and the relay follows; what it does not know is sent again."""
    first = engine_of(workshop, "first")
    second = engine_of(workshop, "second", "--replicaof", "127.0.0.1", str(first.port))
    until(lambda: "master_link_status:up" in second.ask("INFO", "replication"), "the replica follows", 30)
    sentinel = _sentinel(workshop, first.port)
    relay = member(workshop, sink, engine=f"sentinel://127.0.0.1:{sentinel.port}/shop/0").start()
    joined(relay)
    wins(relay, sink)
    first.kill()
    until(lambda: "role:master" in second.ask("INFO", "replication"), "the replica is promoted", 60)
    until(lambda: relay.ask("fleet")[0].get("problem") is None
          and relay.output().count("fleet-engine ") >= 2, "the relay follows", 60)
    relay.send(error_report(2))
    arrival = sink.wait_for(lambda arrival: arrival.message["Message-ID"] == "<2@shop.example>", "the mail")[0]
    assert "X-MailDedup-Fleet" not in arrival.message
    until(lambda: len(second.errors()) == 2, "all counts are pushed again", 30)


def _sentinel(workshop: Workshop, port: int) -> Engine:
    folder: Path = workshop.folder / "sentinel"
    folder.mkdir()
    config = folder / "sentinel.conf"
    config.write_text(
        f"sentinel monitor shop 127.0.0.1 {port} 1\nsentinel down-after-milliseconds shop 1000\n"
        "sentinel failover-timeout shop 5000\n")
    os.chmod(config, 0o600)
    sentinel = _Sentinel(folder, config)
    workshop.endings.append(sentinel.stop)
    return sentinel.start()


class _Sentinel(Engine):
    """A redis-server that watches others."""

    def __init__(self, folder: Path, config: Path):
        self.folder, self.config, self.port, self.process = folder, config, free_port(), None

    def start(self) -> "Engine":
        import subprocess
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", str(self.config), "--sentinel", "--port", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, "the sentinel answers", 20)
        return self
