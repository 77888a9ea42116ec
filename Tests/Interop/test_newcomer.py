"""The first hour of a new user: no smarthost yet, the same outage a hundred times, one mail in the Maildir."""
import mailbox
import os
import subprocess
from pathlib import Path

import pytest

from conftest import Workshop, logged_in
from peers.documents import blocks
from peers.pythons import interpreters
from peers.relay import REPOSITORY
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


_VISIT = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
from django.test import Client
visitor = Client(raise_request_exception=False)
assert [visitor.get("/").status_code for _ in range(100)] == [500] * 100
"""


@pytest.mark.parametrize("python, folder, form", [("3.8", "django-on-3.8", "EMAIL_HOST"), ("3.12", "django-on-3.12", "MAILERS")],
                         ids=["Django 4.2", "Django 6.1"])
def test_what_readme_says_in_a_new_project(workshop: Workshop, tmp_path: Path, python: str, folder: str, form: str):
    """`startproject`, the settings of README as they stand there, a view that fails a hundred times."""
    interpreter = interpreters().get(python)
    if not (interpreter and (REPOSITORY / ".venv" / folder).exists()):
        pytest.xfail(f"this Django needs Python {python}, which this machine does not have")
    relay = workshop.relay().start()
    environment = dict(os.environ, PYTHONPATH=str(REPOSITORY / ".venv" / folder))
    [settings] = [block.text for block in blocks(REPOSITORY)
                  if block.page.name == "README.md" and block.language == "python" and block.text.startswith(form)]

    def run(*arguments: str) -> None:
        done = subprocess.run([interpreter, "-B", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    run("-m", "django", "startproject", "shop", ".")
    admins = "['ops@shop.example']" if form == "MAILERS" else "[('Ops', 'ops@shop.example')]"
    with (tmp_path / "shop" / "settings.py").open("a") as file:
        file.write(f"DEBUG = False\nALLOWED_HOSTS = ['*']\nADMINS = {admins}\n" + settings.replace("2525", str(relay.port)))
    (tmp_path / "shop" / "urls.py").write_text(
        "from django.urls import path\n\ndef broken(request):\n    return 1 / 0\n\nurlpatterns = [path('', broken)]\n")
    run("-c", _VISIT)
    relay.wait_drained()
    assert len(mailbox.Maildir(relay.maildir, create=False)) == 1
    [error] = relay.errors()
    assert (error["suppressed"], error["total"]) == (99, 100)
    assert "ZeroDivisionError" in relay.dedupctl("list").stdout
