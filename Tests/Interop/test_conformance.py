"""The black-box suite for SMTP servers: every case passes, or a table says why it cannot run."""
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Workshop
from peers import secrets
from peers.conformance import examine
from peers.waiting import free_port

# Short, as the suite waits for it.
IDLE = 3

# A case that is listed here may run as well: then it has to pass.
NOT_OFFERED = {410: "CHUNKING is not offered", 414: "CHUNKING is not offered"}
PLAIN_TEXT = NOT_OFFERED | dict.fromkeys([801, 802, 804, 807], "STARTTLS is not offered without a certificate") \
    | dict.fromkeys([808, 1003], "no port for TLS without a certificate") \
    | dict.fromkeys([852, 853, 855, 858], "AUTH is not offered without users") \
    | {921: "this listener relays for everybody on the machine"}


@dataclass
class Way:
    """One way to run a relay, as its configuration and the suite's options say it."""

    settings: dict[str, dict[str, str]]
    options: list[str]
    not_run: dict[int, str]


def trusted(folder: Path) -> Way:
    """What a site on the same machine uses: loopback, no TLS, no login."""
    return Way({}, ["--trusted"], PLAIN_TEXT)


def login_over_tls(folder: Path) -> Way:
    """STARTTLS, implicit TLS and AUTH, with nobody trusted by address."""
    cert, key = secrets.certificate(folder)
    port = free_port()
    settings = {
        "listener": {"tls-address": f"127.0.0.1:{port}"}, "tls": {"certificate": str(cert), "key": str(key)},
        "auth": {"users": str(secrets.users(folder, anna="correct horse"))}, "access": {"networks": ""}}
    options = ["--starttls", "--tls-port", str(port), "--auth", "anna:correct horse", "--no-relay"]
    return Way(settings, options, NOT_OFFERED)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", [trusted, login_over_tls], ids=lambda make: make.__name__)
def test_black_box_suite(make, workshop: Workshop, tmp_path: Path):
    """All of it, with kill -9 under load and faults of the next hop: nothing fails, nothing stays out unnoticed."""
    way, sink_port = make(tmp_path), free_port()
    relay = workshop.relay(overrides=way.settings | {
        "delivery": {"smarthost": f"127.0.0.1:{sink_port}"}, "limits": {"idle": f"{IDLE}s", "message-size": "25MiB"}})
    findings = examine(relay, sink_port, 240, "--retry-wait", "12", "--idle-timeout", str(IDLE), *way.options)
    assert findings.failed == {}
    assert {case: why for case, why in findings.skipped.items() if case not in way.not_run} == {}
