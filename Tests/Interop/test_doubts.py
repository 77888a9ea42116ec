"""Mails that may be error reports: as many alike as a window allows go out, the rest is kept, counted and told."""
from conftest import Workshop
from peers.clock import Clock
from peers.mails import error_report
from peers.waiting import until


def broken_off(number: int) -> bytes:
    """A report of which the end is missing: which error it is nobody can say."""
    report = error_report(number)
    return report[:report.index(b"_total[")] + b"\r\n"


def test_v4_a_flood_of_doubts(workshop: Workshop):
    """Forty requests are ten mails and a digest; the others can be listed, read and released, also after a kill."""
    relay = workshop.relay()
    clock = Clock(workshop.folder)
    relay.start(*clock.prefix)

    def inbox() -> list[str]:
        return [path.read_text() for path in sorted(relay.maildir.glob("new/*"))]

    relay.send(error_report(1))
    for number in range(40):
        relay.send(broken_off(number))
    until(lambda: len(inbox()) == 11, "the report and ten of the doubts")
    assert "reason=doubt-flood" in relay.output() and "counted as" in relay.output()
    relay.kill()
    relay.start(*clock.prefix)
    totals = relay.status()["totals"]
    assert totals == {"accepted": 41, "passed": 0, "doubtful": 10, "forwarded": 1, "suppressed": 30}
    queue = relay.status()["queue"]
    assert queue["waiting"] == 0 and queue["doubts"] == 10
    assert "10 held back and kept" in relay.dedupctl("status").stdout
    clock.jump(301)
    until(lambda: len(inbox()) == 12, "the digest", 30)
    [digest] = [mail for mail in inbox() if "List-Id: <errors." in mail]
    assert "30 unclear mails held back" in digest and "20 of them are not kept any more" in digest
    kept = relay.ask("queue", "list", "--held")
    assert len(kept) == 10 and kept[-1]["id"] in digest
    assert "step_dj" in relay.dedupctl("queue", "show", kept[-1]["id"]).stdout
    assert relay.dedupctl("queue", "release", kept[-1]["id"]).returncode == 0
    until(lambda: len(inbox()) == 13, "the one that was released")
    [released] = [mail for mail in inbox() if "X-MailDedup-Reason: doubt/" in mail and "/srv/shop/orders/step_dj" in mail]
    assert "Subject: [Django] ERROR: Internal Server Error: /step_dj/" in released
    relay.wait_drained()
