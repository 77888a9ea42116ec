"""What a newcomer is shown has to be true."""
import os
import subprocess
import tarfile
from pathlib import Path

from peers.relay import REPOSITORY, binary, run_dedupctl

DEMO = REPOSITORY / "Scripts" / "demo"


def test_the_demo_tells_its_story():
    """`make demo` ends well: 223 mails become 5, and nothing of it is left behind."""
    environment = os.environ | {"MAILDEDUP_BIN_DIR": str(Path(binary("maildedup")).parent)}
    done = subprocess.run([str(DEMO / "run")], capture_output=True, text=True, timeout=90, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 mails instead of 223" in done.stdout
    assert "Ein neues Passwort für anna" in done.stdout
    assert done.stdout.count("OperationalError") >= 3, "two sites in the list, and one entry for both in the summary"


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
