"""What a newcomer is shown has to be true."""
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from peers.engine import Engine
from peers.relay import REPOSITORY, binary, run_dedupctl

DEMO = REPOSITORY / "Scripts" / "demo"


def told(story: str, seconds: float) -> subprocess.CompletedProcess:
    """A demo that ended well and left nothing behind."""
    environment = os.environ | {"MAILDEDUP_BIN_DIR": str(Path(binary("maildedup")).parent)}
    before = leftovers()
    done = subprocess.run([str(DEMO / story)], capture_output=True, text=True, timeout=seconds, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftovers() == before, "folders and processes"
    return done


def leftovers() -> set[str]:
    """The folders of demos, and the processes that know of one."""
    processes = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"/tmp/maildedup-demo-" in entry.read_bytes():
                processes.add(entry.parent.name)
        except OSError:
            continue
    return processes | {str(folder) for folder in Path("/tmp").glob("maildedup-demo-*")}


def test_the_demo_tells_its_story():
    """`make demo` ends well: 223 mails become 5, and nothing of it is left behind."""
    done = told("run", 90)
    assert "5 mails instead of 223" in done.stdout
    assert "Ein neues Passwort für anna" in done.stdout
    assert done.stdout.count("OperationalError") >= 3, "two sites in the list, and one entry for both in the summary"


@pytest.mark.skipif(not Engine.is_there(), reason="redis-server is not installed")
def test_the_demo_of_a_fleet_tells_its_story():
    """`make demo-fleet` ends well: one mail of three relays, one still when the one that sent it is killed."""
    done = told("fleet", 120)
    assert "1 mail instead of 99" in done.stdout
    assert "in the inbox: 1 mail still" in done.stdout
    assert "1 mail instead of 297" in done.stdout
    for relay in ("web1", "web2", "web3"):
        assert done.stdout.count(relay) >= 2, "dedupctl fleet names the relays, before and after one dies"
    assert "OperationalError" in done.stdout.split("$ dedupctl list --fleet")[1]


def test_the_recorded_outage_is_one_fingerprint(tmp_path):
    """38 real mails of 11 entry points and two deployments: the outage, two bugs, and one mail that is no report."""
    with tarfile.open(DEMO / "outage.tar.xz") as archive:
        # Ours, so nothing in it points elsewhere; Debian 12's Python has no filter for that yet.
        archive.extractall(tmp_path)
    done = run_dedupctl("fingerprint", str(tmp_path))
    assert done.returncode == 0, done.stderr
    named = [line.split("\t")[1] for line in done.stdout.splitlines()]
    assert len(named) == 38
    assert sorted(named.count(name) for name in set(named)) == [1, 1, 1, 35]
    assert named.count("PASS") == 1
