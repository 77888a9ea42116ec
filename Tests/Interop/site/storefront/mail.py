"""Django's own SMTP backend, with a ledger of what the server acknowledged.

The tests hold the relay to this ledger: what stands in it as acknowledged must be accounted for. Every mail is written
to `MAIL_LEDGER/ID.eml` as it goes to smtplib, byte for byte, before it is sent.
"""
import json
import os
import smtplib
import uuid

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.utils import DNS_NAME

if settings.MAIL_HOSTNAME:
    # What Message-ID and EHLO say, instead of the name of the machine that happens to run this.
    DNS_NAME._fqdn = settings.MAIL_HOSTNAME


def note(event: str, mail_id: str, **details) -> None:
    """Appends one line to the ledger in one write, so that threads and processes can share it."""
    line = json.dumps({"event": event, "id": mail_id, "pid": os.getpid(), **details}) + "\n"
    path = os.path.join(settings.MAIL_LEDGER, "ledger.jsonl")
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)


class LedgerSMTP(smtplib.SMTP):
    """smtplib that notes each mail before it is sent and after the server took it."""

    def sendmail(self, from_addr, to_addrs, msg, mail_options=(), rcpt_options=()):
        mail_id = uuid.uuid4().hex
        with open(os.path.join(settings.MAIL_LEDGER, mail_id + ".eml"), "wb") as file:
            file.write(msg)
        note("sending", mail_id, sender=from_addr, recipients=list(to_addrs))
        try:
            refused = super().sendmail(from_addr, to_addrs, msg, mail_options, rcpt_options)
        except Exception as error:
            note("failed", mail_id, error=repr(error))
            raise
        note("acknowledged", mail_id)
        return refused


class LedgerBackend(EmailBackend):
    """Django's SMTP backend; only the smtplib class below it differs."""

    @property
    def connection_class(self):
        return LedgerSMTP if settings.MAIL_LEDGER else super().connection_class
