"""What monitors ask: metrics, health, alerts, the dashboard; and the description of the control API."""
import json
import re
import subprocess

import jsonschema
import pytest
from openapi_spec_validator import validate

from conftest import Workshop
from peers.mails import error_report
from peers.relay import REPOSITORY, Relay
from peers.sink import Sink
from peers.waiting import until

PROMTOOL = REPOSITORY / ".venv" / "prometheus" / "usr" / "bin" / "promtool"
PACKAGING = REPOSITORY / "packaging"


@pytest.fixture(scope="module")
def busy(peers: Workshop) -> Relay:
    """A relay that forwarded and suppressed reports, delivered a letter, and has one in its queue."""
    sink = peers.sink()
    relay = peers.relay(sink, overrides={"delivery": {"retry-waits": "1h"}}).start()
    until(lambda: relay.dedupctl("ping").returncode == 0, "the control API answers")
    for number in [1, 1, 1, 2]:
        relay.send(error_report(number))
    relay.wait_drained()
    sink.stop()
    relay.send(b"Subject: order\r\n\r\nx\r\n")
    until(lambda: all(mail.get("last_failure") for mail in relay.queue()), "it was tried")
    return relay


def call(relay: Relay, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """Asks the control API."""
    sent = [] if body is None else ["-d", json.dumps(body)]
    done = subprocess.run(
        ["curl", "-sS", "--unix-socket", relay.folder / "control.sock", "-X", method, "-w", "\n%{http_code}", *sent,
         f"http://localhost{path}"], capture_output=True, check=True)
    answer, status = done.stdout.rsplit(b"\n", 1)
    return int(status), answer


def metrics(relay: Relay) -> str:
    """The text of /metrics."""
    status, answer = call(relay, "GET", "/metrics")
    assert status == 200
    return answer.decode()


def names(text: str) -> set[str]:
    """The families of a scrape."""
    return set(re.findall(r"(?m)^# TYPE (\S+)", text))


def test_metrics(busy: Relay):
    """They say what happened."""
    text = metrics(busy)
    for line in ['maildedup_mails_total{outcome="suppressed",reason="inside-window"} 2',
                 'maildedup_mails_total{outcome="forwarded",reason="first"} 2',
                 'maildedup_reports_total{site="[Django]",outcome="suppressed"} 2', "maildedup_errors 2",
                 "maildedup_queue_mails 1", "maildedup_store_readable 1", 'maildedup_fallback_total{step="refused"} 0',
                 'maildedup_build_info{version="0.1.0"} 1', 'maildedup_commit_mails_bucket{le="+Inf"}']:
        assert line in text, f"{line}\n{text}"
    assert re.search(r'maildedup_deliveries_total\{next_hop="127[^"]*",outcome="delivered"\} 2', text)
    assert re.search(r"(?m)^process_resident_memory_bytes [1-9]\d{6,}$", text)


def test_counters_go_on_after_a_crash(workshop: Workshop, sink: Sink):
    """What the store keeps is not forgotten."""
    relay = workshop.relay(sink).start()
    relay.send(error_report(1))
    relay.kill()
    relay.start()
    until(lambda: relay.dedupctl("ping").returncode == 0, "the control API answers")
    assert 'maildedup_mails_total{outcome="forwarded",reason="first"} 1' in metrics(relay)


def test_the_form_of_metrics(busy: Relay):
    """promtool finds nothing wrong with them."""
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=metrics(busy), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts():
    """The rules are right, and ring when they should."""
    for command in [["check", "rules", "maildedup.rules.yml"], ["test", "rules", "maildedup.test.yml"]]:
        done = subprocess.run([PROMTOOL, *command], cwd=PACKAGING / "prometheus", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_only_what_there_is_is_shown_and_alerted(busy: Relay):
    """Dashboard, alerts and manual name metrics that exist; the manual names all."""
    text = metrics(busy)
    known = names(text) | {f"{name}_bucket" for name in names(text)}
    used = {}
    for path in ["grafana/maildedup.json", "prometheus/maildedup.rules.yml"]:
        used[path] = set(re.findall(r"\b(?:maildedup|process)_[a-z_]+\b(?!\.)", (PACKAGING / path).read_text()))
        unknown = {name for name in used[path] - known if not name.startswith("maildedup_fleet_")}
        assert used[path] and not unknown, f"{path}: {unknown}"
    manual = set(re.findall(r"`((?:maildedup|process)_[a-z_]+)`", (REPOSITORY / "docs" / "monitoring.md").read_text()))
    # Those of a fleet are there only with one: `test_fleet.py` looks for them.
    assert {name for name in manual if not name.startswith("maildedup_fleet_")} == names(text)


def test_health(busy: Relay):
    """It is alive and ready."""
    assert call(busy, "GET", "/healthz") == (200, b"ok\n")
    assert call(busy, "GET", "/readyz") == (200, b"ready\n")


@pytest.fixture(scope="module")
def description(busy: Relay) -> dict:
    """The document."""
    status, answer = call(busy, "GET", "/v1/openapi.json")
    assert status == 200
    return json.loads(answer)


def test_the_description_is_openapi(description: dict):
    """The validator of the specification says so."""
    validate(description)


def test_every_path_answers_as_described(busy: Relay, description: dict):
    """Each operation is called, and its answer has the schema that stands there."""
    often = next(error for error in busy.errors() if error["total"] == 3)
    other = next(error for error in busy.errors() if error["total"] == 1)
    mail = busy.queue()[0]["id"]
    selector = {"id": often["id"]}
    bodies = {
        "/v1/pass": selector, "/v1/copies": {"selector": selector, "last": 1}, "/v1/resolve": selector,
        "/v1/silences": {"selector": selector, "seconds": 60, "until_resolved": False, "author": "a", "reason": "r"},
        "/v1/merge": {"ids": [other["id"]], "into": selector}, "/v1/split": selector,
        "/v1/purge": {"ids": [often["id"]], "all": False, "is_trial": True},
        "/v1/queue/hold": {"ids": [mail], "all": False}, "/v1/queue/release": {"ids": [mail], "all": False},
        "/v1/queue/flush": {"all": True}, "/v1/queue/reroute": {"ids": [mail], "all": False, "to": "127.0.0.1:9"},
        "/v1/queue/delete": {"ids": [mail], "all": False}}
    # Destroyers come last.
    paths = sorted(description["paths"].items(), key=lambda item: "delete" in item[0])
    for path, methods in paths:
        for method, operation in sorted(methods.items(), reverse=True):
            filled = path.replace("{id}", {"/v1/errors/{id}": often["id"], "/v1/queue/{id}": mail}.get(path, "1"))
            body = bodies[path] if "requestBody" in operation else None
            if body is not None:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]
                jsonschema.validate(body, reference | {"components": description["components"]})
            status, answer = call(busy, method.upper(), filled, body)
            assert status == 200, f"{method} {path}: {status} {answer.decode()}"
            content = operation["responses"]["200"]["content"]
            if "application/json" in content:
                schema = content["application/json"]["schema"] | {"components": description["components"]}
                jsonschema.validate(json.loads(answer), schema)


def test_every_operation_is_in_the_table():
    """Router and description are made of the lists; an operation that stands in none could not be asked."""
    sources = [path.read_text() for path in (REPOSITORY / "Sources" / "ControlAPI" / "Operations").glob("*Operations.swift")]
    operations = {name for text in sources for name in re.findall(r"static let (\w+) = Operation\(", text)}
    listed = {name for text in sources
              for names in re.findall(r"static var \w+: \[any AnyOperation\] \{\s*\[([^\]]*)\]", text)
              for name in re.findall(r"\w+", names)}
    assert operations == listed and len(operations) > 15


@pytest.mark.parametrize("method, path, body, status", [
    ("GET", "/v1/queue?kind=nonsense", None, 400), ("POST", "/v1/queue/hold", {"nonsense": 1}, 400),
    ("POST", "/v1/queue/hold", {"ids": ["Z"], "all": False}, 404), ("GET", "/v1/errors?sort=nonsense", None, 400),
    ("GET", "/v1/nowhere", None, 404), ("POST", "/v1/purge", {"all": False, "is_trial": True}, 400)])
def test_problems_have_their_status(busy: Relay, method: str, path: str, body: object, status: int):
    """And say what is wrong, in JSON."""
    found, answer = call(busy, method, path, body)
    assert found == status
    if path != "/v1/nowhere":
        assert json.loads(answer)["message"]
