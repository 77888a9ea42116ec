#!/usr/bin/env python3
"""Makes Corpus/not-reports (mail that carries a report and is none) and Corpus/malformed from one mail of Corpus/same.

    python3 others.py ../../Tests/FingerprintTests/Corpus
"""
import email
import pathlib
import sys

corpus = pathlib.Path(sys.argv[1])
source = (corpus / 'same/unknown-rate/v311-dues.eml').read_bytes()
mail = email.message_from_bytes(source)
report = mail.get_payload(decode=True).decode()
traceback = 'Traceback (most recent call last):\n  File "/srv/harbour/tariffs/rates.py", line 20, in harbour_dues\n    return length * RATES[kind]\nKeyError: \'Z\'\n'


def write(folder, name, text):
    data = text if isinstance(text, bytes) else text.encode()
    target = corpus / folder / (name + '.eml')
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n'))


def plain(subject, body, extra=''):
    return ('From: Kim Example <kim@example.net>\nTo: admin@example.org\nSubject: %s\n%s'
            'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s' % (subject, extra, body))


quoted = ''.join('> %s\n' % line for line in report.split('\n')[:60])
write('not-reports', 'reply', plain('Re: [Harbour] ERROR: x', 'I look into it.\n\n' + quoted, 'In-Reply-To: <1@example.org>\n'))
write('not-reports', 'forwarded-inline', plain('Fwd: [Harbour] ERROR: x', report))
write('not-reports', 'pasted-report', plain('page fails', 'Hello,\n\nthis came in this morning:\n\n' + report))
write('not-reports', 'pasted-traceback', plain('page fails', 'The log says:\n\n' + traceback + '\nWhat is that?\n'))
write('not-reports', 'list', plain('[dev] KeyError in dues', report, 'List-Id: <dev.example.org>\n'))
write('not-reports', 'newsletter', plain('Errors we love', 'Traceback of a parcel, exceptions to the rule, and more.\n', 'List-Unsubscribe: <mailto:off@example.org>\n'))
write('not-reports', 'bounce', b'From: MAILER-DAEMON@mx.example.org\nTo: django@harbour.example.org\nSubject: Undelivered Mail\n'
      b'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nNot delivered.\n--b\n'
      b'Content-Type: message/rfc822\n\n' + source + b'\n--b--\n')
write('not-reports', 'attached', b'From: kim@example.net\nTo: admin@example.org\nSubject: see attached\nMIME-Version: 1.0\n'
      b'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee attached\n--b\nContent-Type: message/rfc822\n\n' + source + b'\n--b--\n')
write('not-reports', 'cron-fine', 'From: root@example.org (Cron Daemon)\nSubject: Cron <root@app1> certtool renew\n\nRenewed 3 certificates.\n')
write('not-reports', 'password-reset', plain('Password reset', 'Follow https://harbour.example.org/reset/MQ/abc-123/ to set a new password.\n'))

start = source.index(b'Traceback (most')
write('malformed', 'cut-in-traceback', source[:start + 900])
write('malformed', 'cut-in-path', source[:source.index(b'Python Path') + 40])
write('malformed', 'utf-16', source.replace(b'charset="utf-8"', b'charset="utf-16"'))
write('malformed', 'unknown-encoding', source.replace(b'quoted-printable', b'x-uuencode'))
write('malformed', 'no-closing-boundary', b'Subject: [Harbour] ERROR: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n' + report[:900].encode())
write('malformed', 'report-in-message', plain('[Harbour] ERROR: x', report + '\n' + report))
