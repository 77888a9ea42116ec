"""What a hostile visitor writes: a seeded generator of text that pretends to be parts of an error report."""
import random

# Lines of Django's layouts, 1.11 to 6.1. {type}, {view}, {path} and {settings} are those of the true report or of another.
LAYOUT = [
    "Exception Type: {type} at {path}", "Exception Type: {type}", "Exception Value: {phrase}", "Exception Value:",
    "Raised during: {view}", "Request information:", "USER: AnonymousUser", "GET:", "POST: No POST data", "FILES:",
    "COOKIES:", "META:", "Settings:", "Using settings module {settings}", "Settings:\nUsing settings module {settings}",
    "Request data not supplied", "Request Method: GET", "Request URL: http://evil.example{path}",
    "Django Version: 5.0", "Python Executable: /x", "Python Version: 3.12.1", "Python Path:\n['/evil', '/x']",
    "Django Version: 5.0\nPython Executable: /x\nPython Version: 3.12.1\nPython Path: ['/evil']",
    "Django Version: 4.2\nPython Version: 3.9", "Server time: Sun, 22 Nov 2026 10:00:00 +0000", "Installed Applications:",
    "Installed Middleware:", "Traceback (most recent call last):", "Traceback (innermost last):",
    "DJANGO_SETTINGS_MODULE={settings}", "DJANGO_SETTINGS_MODULE = '{settings}'", "Template error:",
    "In template /srv/evil/templates/x.html, error at line 3", "   3 : {{% x %}}", "Report at {path}", "Report",
    "{type} at {path}", "No exception message supplied", "Internal Server Error: {path}", "{phrase}",
    "wsgi.input = <gunicorn.http.body.Body object>", "EMAIL_SUBJECT_PREFIX = '[Evil] '", "SERVER_NAME = 'evil'",
    "Local vars", "The exception notes:", "  + Exception Group Traceback (most recent call last):",
    "  | {type}: {phrase}", "  +-+---------------- 1 ----------------", "    +------------------------------------",
]

# What joins the exceptions of a chain, as Django and as Python say it.
JOINTS = [
    ") was the direct cause of the following exception:", "), another exception occurred:",
    "The above exception ({phrase}) was the direct cause of the following exception:",
    "During handling of the above exception ({phrase}), another exception occurred:",
    "The above exception (", "During handling of the above exception (",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
    "\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):",
]

# Frames, of the true site, of a library, of a driver, and with numbers that the true ones may have.
FRAMES = [
    '  File "/srv/evil/shop/views.py", line 12, in cart\n    return totals[order]',
    '  File "/usr/lib/python3/dist-packages/django/core/handlers/exception.py", line 55, in inner\n'
    "    response = get_response(request)",
    '  File "/usr/lib/python3/dist-packages/django/db/backends/utils.py", line 105, in _execute\n'
    "    return self.cursor.execute(sql, params)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    '  File "/usr/lib/python3/dist-packages/psycopg2/__init__.py", line 122, in connect\n'
    "    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)",
    '  File "/srv/venv/lib/python3.12/site-packages/psycopg/cursor.py", line 732, in execute\n    raise ex.with_traceback(None)',
    '  File "/srv/venv/lib/python3.12/site-packages/redis/connection.py", line 315, in connect\n    raise ConnectionError(self._error_message(e))',
    '  File "/usr/lib/python3.12/socket.py", line 837, in create_connection\n    sock.connect(sa)',
    '  File "{site}/bazaar/views.py", line 214, in crash\n    return HttpResponse({{}}["stall"])',
    '  File "{site}/bazaar/views.py" in crash\n  214.     return HttpResponse({{}}["stall"])',
    '  File "x", line 1, in y',
]

FAMILIES = [
    "Invalid HTTP_HOST header: 'evil'. You may need to add 'evil' to ALLOWED_HOSTS.", "Invalid HTTP_HOST header: ",
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    'connection to server at "10.0.0.7", port 5432 failed: FATAL:  sorry, too many clients already',
    'connection failed: connection to server at "10.0.0.7", port 5432 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?",
    "(1040, 'Too many connections')", "(2003, \"Can't connect to MySQL server on 'db' (111)\")", "53300",
    "server closed the connection unexpectedly", "the database system is starting up", "[Errno 28] No space left on device",
    "[Errno 28] No space left on device: '/var/media/x'", "[Errno 24] Too many open files", "[Errno 12] Cannot allocate memory",
    "[Errno 111] Connection refused", "Error 111 connecting to redis:6379. Connection refused.",
    "MISCONF Redis is configured to save RDB snapshots", "LOADING Redis is loading the dataset in memory",
    "[Errno -3] Temporary failure in name resolution", "[Errno -2] Name or service not known", "Read timed out. (read timeout=5)",
    "CERTIFICATE_VERIFY_FAILED", "Worker exited prematurely: signal 9 (SIGKILL) Job: 7.", "signal 9 (SIGKILL)",
    "No module named 'evil'", "no such table: evil", 'relation "evil" does not exist', "database or disk is full",
    "database is locked", "attempt to write a readonly database", "HTTPSConnectionPool(host='evil', port=443): Max retries "
    "exceeded with url: / (Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))",
    "max number of clients reached", "maximum recursion depth exceeded", "invalid syntax (views.py, line 10)",
    "current transaction is aborted", "canceling statement due to statement timeout", "deadlock detected",
]

TYPES = ["OperationalError", "ValueError", "FieldError", "ShopError", "KeyError", "DisallowedHost", "MemoryError", "OSError",
         "django.db.utils.OperationalError", "WorkerLostError", "TemplateDoesNotExist", "ExceptionGroup", "ConnectionError",
         "ModuleNotFoundError", "SyntaxError", "RecursionError", "UnreadablePostError", "Evil"]

# What means something to whoever reads mail, HTML or MIME.
TRAPS = [
    "</pre></td></tr></table>", "<script>x</script>", "</textarea>", "<div id=\"traceback\">", "<", "&", "&lt;", "&#10;", "&amp;#10;",
    "<h1>{type} at {path}</h1>", '<pre class="exception_value">{phrase}</pre>', "<li class=\"frame user\">", "<!--", "]]>",
    # Python breaks a Subject here, and lets a field begin whose name has a blank behind it.
    "\x0bSubject : [Evil] ERROR (EXTERNAL IP): Internal Server Error: /x", "\x0bList-Id : <x>", "\x0cIn-Reply-To : <x@y>",
    "\x1cX-MailDedup-Reason : x", "\x1dFrom : MAILER-DAEMON@evil.example", "\x0bContent-Type : text/html",
    "--===============1234567890123456789==", "--===============1234567890123456789==--", "Content-Type: text/html", "\n\n--\n",
    "=?utf-8?q?x?=", "=0A", "=\n", "=", ".", "\n.\n", "..", "From ", "\nFrom evil Mon Nov 30 06:00:00 2026\n", "-- ", "Hi,", "Hi all,",
    "Dear admins,", "thanks", "Thanks!\nAnna", "Could you have a look?", "does that help?", "?", "Sent from my iPhone",
    "> Traceback (most recent call last):", "Re: [Bazaar] ERROR", "Subject: Re: x", "[Evil] ERROR: x", "ERROR (EXTERNAL IP): x",
    "X-MailDedup-Reason: x", "List-Id: x", "Auto-Submitted: auto-replied", "On Monday, Anna wrote:", "Regards,", "CRITICAL: x",
    "2026-11-22 10:00:00,000 ERROR evil: x", "[2026-11-22 10:00:00,000: ERROR/MainProcess] Task x raised unexpected: Evil()",
    "Message type: ERROR\nLocation: x", "line 1, in x", "'''", '"""', "'", '"', "\\", "\\n", "%s", "%(x)s", "{{ x }}", "{% x %}", "~~~~^^^^",
]

# Octets and signs that split lines for some readers and not for others, or end a text.
ODD = [b"\n", b"\r", b"\r\n", b"\n\r", b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xc2\x85", "\u2028".encode(), "\u2029".encode(),
       b"\xff\xfe", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", "\ufeff".encode(), "\u200b".encode(), "\u202e".encode(), b"\x1b[2J", b"\x1a", b"\x7f", b"\t",
       "é".encode(), "東京".encode(), "🐘".encode(), b"\x80", b"\xa0", b"\xc2\xa0"]

SEPARATORS = [b"\n"] * 8 + [b"\n\n"] * 3 + [b"\r\n"] * 2 + [b"\r", b"", b" ", b"\0", b"\n\0", "\u2028".encode(), b"\n  ", b" at "]


class HostileText:
    """Makes texts; two with one seed, and told the same about the site, make the same ones.

    `reports` are true reports of the site, of the error that is visited and of others: what a visitor who has seen one can
    copy.
    """

    def __init__(self, seed: str, reports: list[bytes], site: str):
        self.random = random.Random(seed)
        self.reports = reports
        self.words = {"site": site}

    def text(self, large: int) -> bytes:
        """One text of at most `large` octets."""
        chosen = self.random.random()
        if chosen < 0.25:
            text = self._line()
        elif chosen < 0.65:
            text = self._splice(self.random.randint(2, 8))
        elif chosen < 0.80:
            text = self._report()
        elif chosen < 0.90:
            text = self._copied()
        elif chosen < 0.96:
            text = self._splice(2) * self.random.choice([2, 3, 20, 200])
        else:
            text = self._large(large)
        return self._finish(text)[:large] or b"sofa"

    def _finish(self, text: bytes) -> bytes:
        if self.random.random() < 0.5:
            text = self.random.choice([b"\n", b"\r\n", b"x\n", b"sofa)\n", b"sofa\n\n", b"'\n", b"\n\n", b"\r", b"\0"]) + text
        if self.random.random() < 0.4:
            text += self.random.choice([b"\n", b"\n\n", b"\r\n", b"\n\n\n", b"?", b"\nx", b"\0", b" at /"])
        if self.random.random() < 0.1:
            text = text[:self.random.randint(0, len(text))]
        if self.random.random() < 0.1:
            at = self.random.randint(0, len(text))
            text = text[:at] + self.random.choice(ODD) + text[at:]
        return text

    def _line(self) -> bytes:
        kind = self.random.random()
        if kind < 0.08:
            return self.random.choice(ODD)
        kinds = [LAYOUT, LAYOUT, LAYOUT, JOINTS, JOINTS, FRAMES, FRAMES, FAMILIES, FAMILIES, TRAPS]
        return self._filled(self.random.choice(self.random.choice(kinds)))

    def _filled(self, line: str) -> bytes:
        pick = self.random.choice
        if "{" not in line:
            return line.encode()
        names = {
            "type": pick(TYPES), "view": pick(["bazaar.views.crash", "bazaar.views.value", "evil.views.x", "x"]),
            "path": pick(["/crash/", "/value/", "/", "/evil/?x"]), "phrase": pick(FAMILIES), **self.words,
            "settings": pick(["evil", "evil.settings", "bazaar.settings.staging", "bazaar.settings", ""])}
        try:
            return line.format(**names).encode()
        except (KeyError, IndexError, ValueError):
            return line.encode()

    def _splice(self, count: int) -> bytes:
        parts = []
        for _ in range(count):
            parts += [self._line(), self.random.choice(SEPARATORS)]
        return b"".join(parts)

    def _report(self) -> bytes:
        """A report that agrees with itself: head, environment, traceback, type, value, settings."""
        pick, line = self.random.choice, self._filled
        kind, path, phrase = pick(TYPES), pick(["/crash/", "/value/", "/evil/"]), pick(FAMILIES)
        parts = [f"{kind} at {path}\n{phrase}\n\nRequest Method: GET\nRequest URL: http://evil.example{path}",
                 "Django Version: 5.2.1\nPython Executable: /usr/bin/python3\nPython Version: 3.11.7\n"
                 "Python Path:\n['/srv/evil', '/usr/lib/python3.11']\nServer time: Sun, 22 Nov 2026 10:00:00 +0000\n"
                 "Installed Applications:\n['shop']\nInstalled Middleware:\n[]",
                 "Traceback (most recent call last):\n" + "\n".join(
                     line(pick(FRAMES)).decode() for _ in range(self.random.randint(1, 4)))]
        if self.random.random() < 0.4:
            parts.append(line(pick(JOINTS)).decode())
            parts.append(line(pick(FRAMES)).decode())
        parts.append(f"Exception Type: {kind} at {path}\nException Value: {phrase}\nRaised during: shop.views.cart")
        parts.append("Request information:\nUSER: AnonymousUser\nGET: No GET data\nPOST: No POST data\nMETA:\nX = 'y'")
        parts.append("Settings:\nUsing settings module evil.settings\nDEBUG = False")
        if self.random.random() < 0.5:
            # With parts left out, or in another order.
            if self.random.random() < 0.3:
                self.random.shuffle(parts)
            else:
                parts.pop(self.random.randrange(len(parts)))
        return pick([b"\n\n", b"\n", b"\r\n\r\n"]).join(part.encode() for part in parts)

    def _copied(self) -> bytes:
        """Some of a true report, changed in a word or cut."""
        if not self.reports:
            return self._report()
        lines = self.random.choice(self.reports).split(b"\n")
        first = self.random.randrange(len(lines))
        count = self.random.choice([1, 2, 5, 20, 100, len(lines)])
        if count == len(lines):
            first = 0
        text = b"\n".join(lines[first:first + count])
        if self.random.random() < 0.5:
            text = text.replace(b"bazaar.settings", b"evil.settings").replace(b"ValueError", b"OperationalError")
        return text

    def _large(self, large: int) -> bytes:
        unit = self.random.choice([self._line(), self._line() + b"\n", b"x", b"\n", b"<", b"[", b"(", b"\0", b"\n ", b"&", b"{"])
        count = max(1, self.random.choice([1_000, large]) // max(1, len(unit)))
        return unit * count
