#!/usr/bin/env python3
"""Visits the bazaar within this process, and keeps the mails that it sends, octet for octet.

    play.py FOLDER

Reads a request from each line of standard input, and writes a line for each mail: its file in FOLDER, its envelope, and
the truth about the error, which the relay has to find out from the mail alone. Runs on each Python since 3.6.
"""
import io
import json
import logging.handlers
import os
import smtplib
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = os.path.join(HERE, "lib")


def truth(record):
    """Which error a record is about, whatever a visitor made it say."""
    if not record.exc_info:
        return {"logger": record.name}
    exception, chain = record.exc_info[1], []
    while exception is not None and len(chain) < 20:
        chain.append({"type": type(exception).__name__, "own": own_frame(exception)})
        cause = exception.__cause__
        exception = cause or (None if exception.__suppress_context__ else exception.__context__)
        if exception is not None and cause is None:
            # What another error happened within does not name it.
            break
    return {"chain": chain}


def own_frame(exception):
    """The innermost place in the bazaar's own code."""
    own = [frame for frame in traceback.extract_tb(exception.__traceback__)
           if frame.filename.startswith(HERE) and not frame.filename.startswith((LIBRARIES, __file__))]
    return "%s:%s" % (own[-1].name, own[-1].lineno) if own else None


class Postman(smtplib.SMTP):
    """An smtplib that keeps what it would send."""

    folder = None
    kept = []
    records = []

    def __init__(self, *_, **__):
        pass

    def ehlo_or_helo_if_needed(self, *_, **__):
        pass

    def sendmail(self, from_addr, to_addrs, msg, *_, **__):
        if isinstance(msg, str):
            msg = msg.replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii")
        name = "%06d.eml" % len(self.kept)
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(msg if msg.endswith(b"\r\n") else msg + b"\r\n")
        self.kept.append({"file": name, "sender": from_addr, "recipients": list(to_addrs), "truth": self.records[-1]})
        return {}

    def quit(self):
        pass

    def close(self):
        pass


def watch(handler):
    """Has the postman know what each mail of a handler is about."""
    emit = handler.emit

    def watched(self, record):
        Postman.records.append(truth(record))
        try:
            emit(self, record)
        finally:
            Postman.records.pop()

    handler.emit = watched


def visit(handler, asked):
    """One request as gunicorn hands it on."""
    body = asked["body"].encode("latin-1")
    environ = {
        "REQUEST_METHOD": asked["method"], "SCRIPT_NAME": "", "PATH_INFO": asked["path"],
        "QUERY_STRING": asked["query"], "SERVER_NAME": "bazaar.example", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.7", "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False}
    for name, value in asked["headers"]:
        name = name.upper().replace("-", "_")
        environ[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
    answer = handler(environ, lambda status, headers, exc_info=None: None)
    list(answer)
    answer.close()


def visit_asynchronously(handler, loop, asked):
    """One request as uvicorn hands it on."""
    body = asked["body"].encode("latin-1")
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in asked["headers"]]
    import asyncio
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": asked["method"], "scheme": "http",
        "path": asked["path"].encode("latin-1").decode("utf-8", "replace"),
        "query_string": asked["query"].encode("latin-1"),
        "headers": headers + [(b"content-length", str(len(body)).encode())], "client": ("192.0.2.7", 4711),
        "server": ("bazaar.example", 80)}
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()

    async def send(_):
        pass

    loop.run_until_complete(handler(scope, receive, send))


def cron(asked):
    """What cron mails of a job that fails on a visitor's words."""
    Postman.records.append({"logger": "cron"})
    try:
        sell(asked["words"])
    except ValueError as error:
        Postman.records[-1] = {"chain": [{"type": "ValueError", "own": own_frame(error)}]}
        output = traceback.format_exc()
    head = ("From: root@bazaar.example (Cron Daemon)\nTo: admins@bazaar.example\n"
            "Subject: Cron <www@bazaar> /srv/bazaar/manage.py sell\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
            "X-Cron-Env: <SHELL=/bin/sh>\nMessage-Id: <20261122100000.1@bazaar.example>\n"
            "Date: Sun, 22 Nov 2026 10:00:00 +0000\n\n")
    mail = (head + output).encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    Postman().sendmail("root@bazaar.example", ["admins@bazaar.example"], mail)
    Postman.records.pop()


def sell(words):
    """The job."""
    from bazaar import jobs
    jobs.sell(words)


def main():
    """Serves one line after the other."""
    Postman.folder = sys.argv[1]
    smtplib.SMTP = Postman
    sys.path.insert(1, os.path.join(LIBRARIES, "site-packages"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "bazaar.settings"
    os.environ["BAZAAR_DATABASE"] = os.path.join(Postman.folder, "database")
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.utils.log import AdminEmailHandler
    watch(AdminEmailHandler)
    watch(logging.handlers.SMTPHandler)
    application = get_wsgi_application()
    from django.db import connection
    from bazaar import views
    from bazaar.models import Thing
    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    asynchronous = loop = None
    # Django 3.2 with synchronous middleware waits for ever after some errors, which makes no mail.
    if django.VERSION >= (4, 0):
        import asyncio
        from django.core.asgi import get_asgi_application
        asynchronous, loop = get_asgi_application(), asyncio.new_event_loop()
    hello = {"pages": [view.__name__ for view in views.ALL] + ["lost", "cron"], "django": django.get_version(),
             "asgi": asynchronous is not None, "settings": settings.SETTINGS_MODULE}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        asked, before = json.loads(line), len(Postman.kept)
        problem = None
        try:
            if asked["way"] == "cron":
                cron(asked)
            elif asked["way"] == "asgi":
                visit_asynchronously(asynchronous, loop, asked)
            else:
                visit(application, asked)
        except Exception:
            # What the server behind Django would have to answer: it makes no mail.
            problem = traceback.format_exc()
        print(json.dumps({"mails": Postman.kept[before:], "problem": problem}), flush=True)


if __name__ == "__main__":
    main()
