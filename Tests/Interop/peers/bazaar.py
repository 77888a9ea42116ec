"""The bazaar: a real Django site, of many versions, that quotes its visitors in every kind of error."""
import json
import os
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import processes
from .pythons import interpreters
from .relay import REPOSITORY

SITE = Path(__file__).resolve().parent.parent / "bazaar"

BOUNDARY = "bazaarboundary"


@dataclass
class Django:
    """A Django, the Python that runs it, and where it stands when that Python does not know."""

    name: str
    python: str
    packages: Path | None = None


def djangos() -> list[Django]:
    """The one of today, and the others that Scripts/setup found a Python for."""
    pythons = interpreters()
    others = [Django(folder.name, pythons[folder.name.removeprefix("django-on-")], folder)
              for folder in REPOSITORY.glob(".venv/django-on-*")]
    return [Django("django-of-today", sys.executable), *sorted(others, key=lambda django: django.name)]


@dataclass(frozen=True)
class Request:
    """What one visitor asks for. All texts are octets, for a visitor sends octets."""

    page: str
    # Behind the page's address.
    path: bytes = b""
    query: tuple[tuple[bytes, bytes], ...] = ()
    form: tuple[tuple[bytes, bytes], ...] = ()
    json: bytes | None = None
    cookies: tuple[tuple[bytes, bytes], ...] = ()
    headers: tuple[tuple[str, bytes], ...] = ()
    files: tuple[tuple[bytes, bytes], ...] = ()
    host: bytes = b"bazaar.example"
    asgi: bool = False

    def line(self) -> str:
        """As play.py reads it."""
        if self.page == "cron":
            return json.dumps({"way": "cron", "words": dict(self.query).get(b"q", b"").decode("utf-8", "replace")})
        body, kind = self._body()
        headers = [("Host", header_text(self.host)), *((name, header_text(value)) for name, value in self.headers)]
        if self.cookies:
            headers.append(("Cookie", "; ".join(
                f"{header_text(urllib.parse.quote_from_bytes(name).encode())}={cookie_text(value)}"
                for name, value in self.cookies)))
        if kind:
            headers.append(("Content-Type", kind))
        address = b"/" + (b"nowhere" if self.page == "lost" else self.page.replace("_", "-").encode()) + b"/"
        return json.dumps({
            "way": "asgi" if self.asgi else "wsgi", "method": "POST" if kind else "GET",
            "path": (address + self.path).decode("latin-1"), "query": encoded(self.query), "headers": headers,
            "body": body.decode("latin-1")})

    def _body(self) -> tuple[bytes, str]:
        if self.json is not None:
            return self.json, "application/json"
        if self.files:
            parts = [b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
                     b"Content-Type: text/plain\r\n\r\nx\r\n" % (BOUNDARY.encode(), quoted(name), quoted(file))
                     for name, file in self.files]
            return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"
        if self.form:
            return encoded(self.form).encode(), "application/x-www-form-urlencoded"
        return b"", ""

    def but(self, **changes) -> "Request":
        """The same with something else."""
        return replace(self, **changes)


def encoded(pairs) -> str:
    """As browsers encode forms."""
    return "&".join("=".join(urllib.parse.quote_from_bytes(part, safe="") for part in pair) for pair in pairs)


def header_text(value: bytes) -> str:
    """What servers let through in a header field: no line ends, no NUL."""
    return value.translate(bytes.maketrans(b"\r\n\0", b"|||")).decode("latin-1")


def cookie_text(value: bytes) -> str:
    """A quoted cookie, in which octal escapes stand for what a header cannot hold; Django undoes them."""
    plain = b"".join(b"\\%03o" % octet if octet < 32 or octet in b'";,\\' else bytes([octet]) for octet in value)
    return '"' + plain.decode("latin-1") + '"'


def quoted(name: bytes) -> bytes:
    """A name in the header of a part."""
    return header_text(name).replace("\\", "/").replace('"', "'").encode("latin-1")


@dataclass
class Kept:
    """A mail that the site sent, and what is true about it."""

    path: Path
    sender: str
    recipients: list[str]
    truth: dict

    def raw(self) -> bytes:
        """As it would go over the wire."""
        return self.path.read_bytes()


@dataclass
class Bazaar:
    """One deployment of the site, in a process of its own."""

    folder: Path
    django: Django
    layout: str = "django"
    html: bool = False
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> "Bazaar":
        """Starts Python and reads what this version can do."""
        self.folder.mkdir(parents=True)
        environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "BAZAAR_LAYOUT": self.layout, "BAZAAR_HTML": "1" if self.html else "0"}
        if self.django.packages:
            environment["PYTHONPATH"] = str(self.django.packages)
        with open(self.folder / "errors.log", "wb") as log:
            self.process = subprocess.Popen(
                [self.django.python, str(SITE / "play.py"), str(self.folder)], cwd=SITE, env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        hello = self._answer()
        self.pages, self.version, self.has_asgi = hello["pages"], hello["django"], hello["asgi"]
        return self

    @property
    def name(self) -> str:
        """Version and layout."""
        return f"{self.version}-{self.layout}{'-html' if self.html else ''}"

    def visit(self, request: Request) -> list[Kept]:
        """The mails of one request."""
        self.process.stdin.write(request.line().encode() + b"\n")
        self.process.stdin.flush()
        answer = self._answer()
        return [Kept(self.folder / mail["file"], mail["sender"], mail["recipients"], mail["truth"])
                for mail in answer["mails"]]

    def stop(self) -> None:
        """Ends the process."""
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
        processes.end(self.process)

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the bazaar ended: {(self.folder / 'errors.log').read_text(errors='replace')[-2000:]}"
        return json.loads(line)
