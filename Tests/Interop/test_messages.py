"""What the programs say is in one file, so that a change of words is a change that somebody reads."""
import re
import subprocess

from peers.relay import REPOSITORY

CATALOGUE = REPOSITORY / "Tests" / "Interop" / "messages.txt"
# What no user should have to read: names of types, of functions and of errors of C.
FORBIDDEN = re.compile(r"errno:|Optional\(|descriptor:|NSError|\bnil\b|String\(describing")


def test_the_catalogue_is_what_the_sources_say():
    """After a change of words: Scripts/messages >Tests/Interop/messages.txt, and read the difference."""
    said = subprocess.run([REPOSITORY / "Scripts" / "messages"], capture_output=True, text=True, check=True).stdout
    assert said == CATALOGUE.read_text()


def test_no_message_speaks_of_the_code():
    """A user reads what happened, where, and what to do."""
    wrong = [line for line in CATALOGUE.read_text().splitlines() if line.startswith("  ") and FORBIDDEN.search(line)]
    assert wrong == []
