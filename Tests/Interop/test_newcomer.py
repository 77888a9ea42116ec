"""The first hour of a new user: no smarthost yet, the same outage a hundred times, one mail in the Maildir."""
import mailbox

from conftest import Workshop, logged_in
from peers.storefront import Storm


def test_a_hundred_errors_become_one_mail_in_the_maildir(postgres, workshop: Workshop):
    """100 errors through ten entry points: one mail, 99 in `dedupctl list` and in the summary."""
    relay = workshop.relay().start()
    site = workshop.site(postgres, relay.port)
    server = site.serve()
    customer = logged_in(server)
    postgres.exhaust()
    try:
        Storm(site, server, customer).blow(rounds=10, commands=0)
    finally:
        postgres.release()
        # Its threads outlive their request.
        site.wait_acknowledged(100)
    relay.wait_drained()
    [mail] = list(mailbox.Maildir(relay.maildir, create=False))
    assert "Internal Server Error" in mail["Subject"] or "Refreshing" in mail["Subject"]
    [error] = relay.errors()
    assert (error["suppressed"], error["total"]) == (99, 100)
    preview = relay.dedupctl("summary", "--preview")
    assert preview.returncode == 0 and "99" in preview.stdout, preview.stdout + preview.stderr
