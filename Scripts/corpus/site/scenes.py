"""Runs every scene once and lets Django mail what goes wrong."""
import logging
import os
import sys
import threading
import traceback

os.environ['DJANGO_SETTINGS_MODULE'] = 'harbour.settings'
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import django

django.setup()
from django.core.management import call_command
from django.test import Client

import mailwriter

# error, label of the variant, path, header
VIEWS = [
    ('database-slots', 'index', '/index/', {}),
    ('database-slots', 'login', '/login/?u=kim', {}),
    ('database-slots', 'berth', '/berth/?id=77', {}),
    ('database-slots', 'middleware', '/param/', {'HTTP_X_TENANT': 'rotterdam'}),
    ('unknown-rate', 'dues', '/dues/?kind=Z', {}),
    ('unknown-rate', 'quote', '/quote/?kind=Q9', {}),
    ('rows-unpack', 'one', '/upload/?rows=a=1;b', {}),
    ('rows-unpack', 'two', '/upload/?rows=x;b=3', {}),
    ('ranking-lambda', 'one', '/ranking/', {}),
    ('tree-recursion', 'one', '/tree/', {}),
    ('unknown-tariff-cause', 'one', '/price/?code=Z1', {}),
    ('fallback-none', 'one', '/fallback/?kind=q', {}),
    ('view-returns-none', 'one', '/nothing/', {}),
    ('template-unknown-filter', 'one', '/invoice/', {}),
    ('template-bad-block', 'one', '/template-error/', {}),
    ('template-no-reverse', 'one', '/link/?id=4', {}),
    ('template-no-reverse', 'two', '/link/?id=abc', {}),
    ('missing-table', 'one', '/archive/', {}),
    ('missing-module', 'one', '/plugin/', {}),
    ('syntax-error', 'one', '/broken/', {}),
    ('missing-parameter', 'one', '/param/', {}),
    ('log-import', 'one', '/log-import/?n=a1', {}),
    ('log-import', 'two', '/log-import/?n=9f8e7d6c', {}),
    ('log-weather', 'one', '/log-weather/?n=4711', {}),
    ('disallowed-host', 'one', '/host/', {'HTTP_HOST': 'evil.test'}),
    ('disallowed-host', 'two', '/host/', {'HTTP_HOST': '198.51.100.7:81'}),
    ('upstream-down', 'one', '/upstream/?n=6', {}),
]


def quiet(work):
    try:
        work()
    except Exception:
        pass


def command(*arguments):
    try:
        call_command('tidy', *arguments)
    except Exception:
        logging.getLogger('berths.cron').exception('Nightly tidy failed')


def main():
    from django.db import connections
    from tariffs.models import Tariff
    with connections['local'].schema_editor() as editor:
        editor.create_model(Tariff)
    for error, label, path, header in VIEWS:
        if os.environ.get('ENGINE') == 'sqlite3' and error == 'database-slots':
            continue
        mailwriter.CURRENT[:] = [error, label]
        header = dict({'HTTP_HOST': 'harbour.example.org'}, **header)
        quiet(lambda: Client().get(path, **header))
    mailwriter.CURRENT[:] = ['unknown-rate', 'command']
    command('--kind=F')
    if os.environ.get('ENGINE') != 'sqlite3':
        mailwriter.CURRENT[:] = ['database-slots', 'command']
        command()
        mailwriter.CURRENT[:] = ['database-slots', 'thread']
        thread = threading.Thread(target=command)
        thread.start()
        thread.join()
    mailwriter.CURRENT[:] = ['unknown-rate', 'format-exc']
    from django.core.mail import mail_admins
    from tariffs import rates
    try:
        rates.harbour_dues({'length': 1}, 'K')
    except KeyError:
        mail_admins('Tariff check', traceback.format_exc())


main()
