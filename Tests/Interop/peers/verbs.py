"""The verbs of dedupctl as tests call them, and a desk with something for each of them to be about."""
import os
import subprocess
from dataclasses import dataclass, field

import pytest

from .mails import error_report
from .relay import Relay
from .waiting import until

FAILURE, USAGE, NOTHING_MATCHED, UNREACHABLE, PERMISSION = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Verb:
    """How a verb is called; `{error}`, `{other}`, `{mail}` and `{file}` stand for what the desk has."""

    arguments: list[str] = field(default_factory=list)
    # reads: answers from the store when the daemon is down. asks: needs the daemon. offline: needs neither.
    # checks: says which of them fails.
    kind: str = "reads"
    # Words of what people see.
    shows: str = ""
    # What ends in 3, where something can match nothing.
    nothing: list[str] | None = None
    # The table of a verb that ends in another status than 0 on this desk.
    status: int = 0


VERBS = {
    "list": Verb(["--all"], shows="KeyError", nothing=None),
    "show": Verb(["{error}"], shows="Fingerprint", nothing=["00000000"]),
    "watch": Verb(["{error}", "-n", "1"], "asks", "KeyError", nothing=["00000000"]),
    "top": Verb(["-n", "1"], shows="KeyError"),
    "status": Verb(shows="Version"),
    "stats": Verb(shows="held back"),
    "export": Verb(shows="KeyError"),
    "summary": Verb(shows="Subject:"),
    "queue list": Verb(shows="KIND"),
    "queue show": Verb(["{mail}"], shows="admins@shop.example", nothing=["00000000"]),
    "queue hold": Verb(["{mail}"], "asks", "{mail}", nothing=["00000000"]),
    "queue release": Verb(["{mail}"], "asks", "{mail}", nothing=["00000000"]),
    "queue reroute": Verb(["{mail}", "--to", "127.0.0.1:9"], "asks", "{mail}", nothing=["00000000", "--to", "default"]),
    "queue flush": Verb([], "asks", ""),
    "queue delete": Verb(["{mail}", "--yes"], "asks", "{mail}", nothing=["00000000", "--yes"]),
    "silence add": Verb(["{error}", "--reason", "tried"], "asks", "KeyError", nothing=["00000000"]),
    "silence list": Verb(["--all"], shows="tried"),
    "silence expire": Verb(["1"], "asks", "ended", nothing=["99"]),
    "resolve": Verb(["{error}"], "asks", "Resolved", nothing=["00000000"]),
    "pass": Verb(["{error}"], "asks", "KeyError", nothing=["00000000"]),
    "release": Verb(["{error}"], "asks", "", nothing=["00000000"]),
    "merge": Verb(["{error}", "{other}"], "asks", "is part of", nothing=["00000000", "11111111"]),
    "split": Verb(["{error}"], "asks", "On its own again", nothing=["00000000"]),
    "purge": Verb(["{other}", "--yes"], "asks", "Removed", nothing=["00000000", "--yes"]),
    "reload": Verb([], "asks", "Nothing changed"),
    "doctor": Verb([], "checks", "upstream", status=FAILURE),
    "ping": Verb([], "asks", ""),
    "test-upstream": Verb([], "asks", "", status=FAILURE),
    "rules list": Verb([], "offline", "RULE"),
    "rules test": Verb(["{file}"], "offline", ""),
    "rules suggest": Verb(shows="No error is merged or split"),
    "replay": Verb(["{file}"], "offline", ""),
    "fingerprint": Verb(["{file}"], "offline", "KeyError"),
    "check-config": Verb([], "offline", "no errors"),
}


class Counter:
    """A relay whose smarthost is down: two errors, one of them often, whose first mails wait in the queue."""

    def __init__(self, relay: Relay):
        self.relay = relay
        self.file = relay.folder / "mail.eml"
        self.file.write_bytes(error_report(1))
        for number in [1, 1, 1, 2]:
            relay.send(error_report(number))
        until(lambda: all(mail.get("last_failure") for mail in relay.queue()), "each was tried")
        errors = sorted(relay.errors(), key=lambda error: -error["total"])
        self.names = {"error": errors[0]["id"], "other": errors[1]["id"], "mail": relay.queue()[0]["id"],
                      "file": str(self.file)}

    def call(self, verb: str, arguments: list[str], *more: str) -> subprocess.CompletedProcess:
        """dedupctl VERB ARGUMENTS MORE."""
        return self.relay.dedupctl(*verb.split(), *self.filled(arguments), *more)

    def filled(self, arguments: list[str]) -> list[str]:
        """With the names of this desk."""
        return [argument.format(**self.names) for argument in arguments]


def desk(workshop) -> Counter:
    """A desk of one's own, for verbs that change something."""
    sink = workshop.sink()
    relay = workshop.relay(sink, overrides={
        "delivery": {"retry-waits": "1h"}, "rule importer": {"type": "ImportFailed", "fingerprint": "type"}})
    sink.stop()
    return Counter(relay.start())


def as_nobody(*command: str) -> subprocess.CompletedProcess:
    """Runs a command as a user who is in no group of ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
