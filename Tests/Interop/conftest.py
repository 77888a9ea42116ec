"""Fixtures: the peers, each made when a test asks for it and ended by its own id when the test is done."""
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from peers import conformance, corpus
from peers.postgres import Postgres
from peers.relay import Relay
from peers.sink import Sink
from peers.storefront import Browser, Storefront

# Nobody reads what a CI run skipped, so there a skip is a failure.
_skips_fail = os.environ.get("CI") == "true"

# Left out, not skipped: whether it is there is no fault of the machine that runs the tests.
_LEFT_OUT = [(name, why) for name, needed, why in [
    ("test_conformance.py", conformance.SUITE, conformance.ABSENT),
    ("test_replay_corpus.py", corpus.ARCHIVE, corpus.ABSENT)] if not needed.exists()]
collect_ignore = [name for name, _ in _LEFT_OUT]


def pytest_report_header() -> list[str]:
    """What this run does without, for everybody to read."""
    return [why for _, why in _LEFT_OUT]


# What takes a minute or more, the longest first: begun last, one of them would run alone at the end.
_LONG = ["test_fleet_faults", "test_providers", "test_deb", "test_conformance", "test_kill", "test_faults",
         "test_faults_damage", "test_configuration", "test_clock", "test_fleet", "test_encryption", "test_windows"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long files in front; a file stays together."""
    rank = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """On CI a skipped test fails, with the reason it gave."""
    report = yield
    if _skips_fail and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {call.excinfo.value}"
    return report


@pytest.fixture(scope="session")
def postgres():
    """PostgreSQL with ten slots, and in it the database of the shop."""
    cluster = Postgres()
    try:
        cluster.start()
        with tempfile.TemporaryDirectory() as folder:
            shop = Storefront(cluster, Path(folder), smtp_port=1)
            shop.run("migrate", "--verbosity", "0")
            shop.run("fill_shop")
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def peers():
    """Makes relays, sinks and sites; whatever was made is ended with the module at the latest."""
    workshop = Workshop(Path(tempfile.mkdtemp(prefix="maildedup-", dir="/tmp")))
    yield workshop
    workshop.close()


@pytest.fixture
def workshop():
    """The same for one test."""
    workshop = Workshop(Path(tempfile.mkdtemp(prefix="maildedup-", dir="/tmp")))
    yield workshop
    workshop.close()


@pytest.fixture
def sink(workshop):
    """An SMTP server to deliver to."""
    return workshop.sink()


@pytest.fixture
def relay(workshop, sink):
    """A running relay that delivers to the sink."""
    return workshop.relay(sink).start()


@pytest.fixture
def small_disk(workshop):
    """A file system of 12 MiB."""
    folder = workshop.folder / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a full disk needs a small file system, and mounting is not allowed here: {done.stderr.strip()}")
    # Made before the relay that uses it, so ended after it.
    workshop.endings.append(lambda: subprocess.run(["umount", str(folder)], check=True))
    return folder


@dataclass
class Workshop:
    """Makes peers in one short-named folder (paths of Unix sockets are short) and ends them all."""

    folder: Path

    def __post_init__(self):
        self.endings = []

    def _name(self, kind: str) -> Path:
        return self.folder / f"{kind}{len(self.endings)}"

    def sink(self) -> Sink:
        """A listening sink."""
        sink = Sink().start()
        self.endings.append(sink.stop)
        return sink

    def relay(self, sink: Sink | None = None, **settings) -> Relay:
        """A relay that is not started yet; without a sink it delivers into its Maildir."""
        relay = Relay(self._name("relay"), sink.port if sink else None, **settings)
        self.endings.append(relay.stop)
        return relay

    def site(self, postgres: Postgres, smtp_port: int, **settings) -> Storefront:
        """A deployment of the storefront without processes yet."""
        site = Storefront(postgres, self._name("site"), smtp_port, **settings)
        self.endings.append(site.stop)
        return site

    def close(self) -> None:
        """Ends everything, the last made first, and keeps the folder only when a test wants to be looked at."""
        for end in reversed(self.endings):
            end()
        if not os.environ.get("MAILDEDUP_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def logged_in(server) -> Browser:
    """The customer of the shop, with a session."""
    browser = Browser(server)
    assert browser.submit("/accounts/login/", username="anna", password="correct horse") == 200
    return browser
