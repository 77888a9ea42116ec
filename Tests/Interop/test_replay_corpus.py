"""The labelled mails as one bad day: what reaches the inbox, and when."""
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from peers import corpus
from peers.relay import run_dedupctl, write_config


Day = tuple[Path, list[corpus.Labelled], dict[str, str]]


@pytest.fixture(scope="module", params=["as it came", "as one site's"])
def day(request, tmp_path_factory) -> Day:
    """The mails, and the fingerprint of each that has one."""
    folder = tmp_path_factory.mktemp("corpus")
    mails = corpus.unpack(folder)
    if request.param == "as one site's":
        for mail in mails:
            mail.join_site()
    rows = [json.loads(line) for line in
            run_dedupctl("fingerprint", str(folder / "dev"), "-o", "json").stdout.splitlines()]
    return folder, mails, {row["file"]: row["fingerprint"] for row in rows if "fingerprint" in row}


def replay(folder: Path, window: dict[str, str]) -> dict:
    """What `dedupctl replay` says with these keys of [window]; arrival times are the mails' own."""
    write_config(folder / "dedup.conf", {"window": window})
    done = run_dedupctl("replay", "-c", str(folder / "dedup.conf"), str(folder / "dev"), "-o", "json")
    assert done.returncode == 0, done.stderr
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["forwarded"] + row["held_back"] + row["ordinary"] + row["doubtful"] == row["mails"]
    return row


def bugs(mails: list[corpus.Labelled]) -> dict[tuple, list[corpus.Labelled]]:
    """The mails of each bug, site by site: no site may hide another one's."""
    found = defaultdict(list)
    for mail in mails:
        if mail.bug:
            found[mail.bug, mail.site()].append(mail)
    return found


def waits(row: dict, mails: list[corpus.Labelled], prints: dict[str, str]) -> list[float]:
    """For each bug of each site, how many seconds after its first mail the inbox is told of it."""
    told = defaultdict(set)
    for error in row["errors"]:
        key = (error["fingerprint"], datetime.fromisoformat(error["first_arrival"]).timestamp())
        told[key].add(datetime.fromisoformat(error["first_told"]).timestamp() if error.get("first_told") else None)
    result = []
    for reports in bugs(mails).values():
        first = min(reports, key=corpus.Labelled.sent_at)
        # What has no fingerprint goes out as it comes.
        if first.file not in prints:
            result.append(0.0)
            continue
        moments = told[prints[first.file], first.sent_at()]
        assert moments and None not in moments, f"{first.file} is hidden"
        result.append(max(moments) - first.sent_at())
    return result


def test_each_bug_reaches_the_inbox_at_once(day: Day):
    """Without milestones and cap: each bug of a site within a second, none hidden, at most 1.15 mails for each."""
    folder, mails, prints = day
    row = replay(folder, {"length": "1h", "milestones": "", "storm-cap": "0"})
    assert row["mails"] == len(mails) == 600
    assert max(waits(row, mails, prints)) <= 1
    # What goes out unread because it was not taken for a report is in the inbox, too.
    missed = sum(1 for mail in mails if mail.bug and mail.file not in prints)
    assert row["inbox"] + missed <= 1.15 * len(bugs(mails))


def test_the_storm_cap_hides_nothing_either(day: Day):
    """As the relay comes: fewer mails, and whatever is not forwarded at once a digest names within five minutes."""
    folder, mails, prints = day
    row = replay(folder, {})
    assert row["digests"] > 0 and row["held_back_by_reason"]["storm-cap"] > 0
    assert max(waits(row, mails, prints)) <= 300
    assert all(error.get("first_told") for error in row["errors"])
    assert row["inbox"] <= len(bugs(mails))
