#!/usr/bin/env python3
"""Makes the mails of Tests/FingerprintTests/Corpus/same with real Django. See README.md."""
import argparse
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent

# environment, release directory, virtual environment as the mail shows it, blank lines put before the code,
# include_html, HTML only, scenes kept (None: all)
VARIANTS = [
    ('v36', '/opt/harbour', '/opt/venvs/harbour', 0, False, False, ['index', 'one', 'dues', 'command']),
    ('v38', '/home/deploy/sites/harbour.example.org/src', '/home/deploy/.virtualenvs/harbour', 3, False, False,
     ['login', 'quote', 'command', 'format-exc', 'two']),
    ('v310', '/usr/src/app', '/usr/local', 1, False, False, ['thread', 'berth']),
    ('v311', '/srv/harbour/releases/20250304', '/srv/harbour/venv', 7, False, False, None),
    ('v312', '/app', '/app/.venv', 2, False, True, ['middleware', 'one', 'quote']),
    ('v313', '/srv/harbour/releases/9f3c2ab41d77', '/srv/harbour/venvs/2025-03', 5, False, False,
     ['berth', 'login', 'thread', 'two', 'one', 'dues', 'quote', 'format-exc']),
    ('v27', '/var/www/harbour', '/var/www/env', 0, False, False, ['one', 'dues', 'format-exc']),
    ('v311page', '/srv/harbour/releases/20250611', '/srv/harbour/venv', 4, True, False, ['one']),
]
TOO_LARGE = 60_000
# HTML mails are large; these errors are enough to show that the page reads like the text.
HTML_ERRORS = ['unknown-rate', 'database-slots', 'log-import', 'template-no-reverse', 'rows-unpack']
# One mail with text and page, as large as such mails are: the benchmarks send it.
PAGE_ERRORS = ['template-no-reverse']


def refuse(listener):
    """Says what PostgreSQL says when every slot is in use (SQLSTATE 53300)."""
    fields = [(b'S', b'FATAL'), (b'V', b'FATAL'), (b'C', b'53300'),
              (b'M', b'remaining connection slots are reserved for roles with the SUPERUSER attribute')]
    body = b''.join(code + text + b'\0' for code, text in fields) + b'\0'
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        while True:
            head = client.recv(8)
            if len(head) < 8:
                break
            length, code = struct.unpack('!II', head)
            if code in (80877103, 80877104):  # SSLRequest, GSSENCRequest
                client.sendall(b'N')
                continue
            client.recv(length - 8)
            client.sendall(b'E' + struct.pack('!I', len(body) + 4) + body)
            break
        client.close()


def deploy(folder, shift):
    for source in (HERE / 'site').rglob('*'):
        target = folder / source.relative_to(HERE / 'site')
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding='utf-8')
            target.write_text(text.replace('#SHIFT#\n', '# moved\n' * shift), encoding='utf-8')


def run(variant, venvs, port, out):
    name, release, environment, shift, html, only_html, keep = variant
    python = venvs / name / 'bin' / 'python'
    if not python.exists():
        print('no environment', name)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / 'site'
        made = pathlib.Path(folder) / 'out'
        deploy(root, shift)
        base = subprocess.run([python, '-c', 'import sys; print(getattr(sys, "base_prefix", getattr(sys, "real_prefix", sys.prefix)))'],
                              capture_output=True, text=True, check=True).stdout.strip()
        rewrite = [(str(root), release), (str(venvs / name), environment), (base, '/usr/local/python'), (str(port), '5432')]
        driver = subprocess.run([python, '-c', 'import psycopg2'], capture_output=True).returncode
        driver3 = subprocess.run([python, '-c', 'import psycopg'], capture_output=True).returncode
        env = dict(os.environ, VARIANT=name, OUT=str(made), PGPORT=str(port), TZ='UTC',
                   REWRITE='|'.join('%s=>%s' % pair for pair in rewrite), INCLUDE_HTML='1' if html or only_html else '0',
                   ONLY_HTML='1' if only_html else '0', ENGINE='postgresql' if driver * driver3 == 0 else 'sqlite3')
        subprocess.run([python, 'scenes.py'], cwd=root, env=env, check=True)
        for mail in sorted(made.rglob('*.eml')):
            label = mail.stem.split('-', 1)[1]
            if keep is not None and label not in keep:
                continue
            if only_html and mail.parent.name not in HTML_ERRORS:
                continue
            if html and mail.parent.name not in PAGE_ERRORS:
                continue
            if mail.stat().st_size > TOO_LARGE and name != 'v311' and not html:
                continue
            target = out / mail.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(mail, target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--venvs', type=pathlib.Path, required=True)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    options = parser.parse_args()
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=refuse, args=(listener,), daemon=True).start()
    for variant in VARIANTS:
        run(variant, options.venvs.resolve(), listener.getsockname()[1], options.out)


main()
