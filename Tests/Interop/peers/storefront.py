"""The Django site as real processes: servers, management commands, and the people who use it."""
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .postgres import Postgres
from .waiting import answers, free_port, until

SITE = Path(__file__).resolve().parent.parent / "site"


@dataclass
class Ledger:
    """What the site sent, and what the server behind EMAIL_HOST acknowledged."""

    folder: Path

    def lines(self) -> list[dict]:
        """Every line so far; a last line still being written is left out."""
        path = self.folder / "ledger.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def ids(self, event: str) -> list[str]:
        """The mails of which `event` is noted: `sending`, `acknowledged` or `failed`."""
        return [line["id"] for line in self.lines() if line["event"] == event]

    def raw(self, mail_id: str) -> bytes:
        """A mail as it went to smtplib."""
        return (self.folder / (mail_id + ".eml")).read_bytes()

    def sent(self, look=lambda raw: True) -> list[bytes]:
        """The acknowledged mails for which `look` is true."""
        return [raw for raw in map(self.raw, self.ids("acknowledged")) if look(raw)]

    def envelope(self, mail_id: str) -> tuple[str, list[str]]:
        """Sender and recipients of a mail."""
        return next((line["sender"], line["recipients"]) for line in self.lines()
                    if line["id"] == mail_id and line["event"] == "sending")


class Browser:
    """Somebody with cookies who fills in forms."""

    def __init__(self, server: "Server"):
        self.base = server.base
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, path: str) -> int:
        """The status of a page."""
        return self._open(path)[0]

    def submit(self, path: str, **fields: str) -> int:
        """Opens the page of a form, fills it in and sends it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self._open(path)[1])
        fields["csrfmiddlewaretoken"] = token.group(1)
        return self._open(path, urllib.parse.urlencode(fields).encode())[0]

    def post(self, path: str) -> int:
        """Sends an empty form."""
        return self._open(path, b"")[0]

    def _open(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        try:
            with self.opener.open(self.base + path, data, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")


@dataclass
class Server:
    """One web server process."""

    process: subprocess.Popen
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Storefront:
    """One deployment of the site: its settings, its ledger and its processes."""

    postgres: Postgres
    folder: Path
    smtp_port: int
    settings: str = "production"
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    site: Path = SITE

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(self.folder)
        self.processes: list[subprocess.Popen] = []

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a process of this deployment."""
        own = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "storefront.settings." + self.settings,
            "STOREFRONT_DB_HOST": str(self.postgres.sockets), "STOREFRONT_DB_PORT": str(self.postgres.PORT),
            "STOREFRONT_EMAIL_PORT": str(self.smtp_port), "STOREFRONT_MAIL_LEDGER": str(self.folder),
        }
        return own | self.environment | more

    def command(self, *arguments: str) -> subprocess.Popen:
        """Starts `manage.py …`."""
        return self._start([self.python, "manage.py", *arguments], self.env())

    def run(self, *arguments: str) -> None:
        """Runs `manage.py …` to its end."""
        process = self.command(*arguments)
        process.wait(60)
        assert process.returncode == 0, f"manage.py {arguments} failed: see {self.folder}/processes.log"

    def serve(self, threads: int = 8, **more: str) -> Server:
        """Starts a web server and waits until it answers."""
        port = free_port()
        process = self._start([self.python, "serve.py", str(port), str(threads)], self.env(**more))
        until(lambda: process.poll() is not None or answers(port), "the web server answers", 30)
        assert process.poll() is None, f"the web server ended: see {self.folder}/processes.log"
        return Server(process, port)

    def wait_acknowledged(self, count: int) -> None:
        """Waits until so many mails were acknowledged: background threads outlive the request that started them."""
        until(lambda: len(self.ledger.ids("acknowledged")) >= count, f"{count} acknowledged mails")

    def stop(self) -> None:
        """Ends every process of the deployment."""
        for process in self.processes:
            processes.end(process)

    def _start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen:
        with open(self.folder / "processes.log", "ab") as log:
            process = subprocess.Popen(
                command, cwd=self.site, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process


@dataclass
class Storm:
    """Every entry point of the site at once, while the database has no slot to give."""

    storefront: Storefront
    server: Server
    customer: Browser

    # Each name is an entry point of its own: another view, another query, another part of Django that comes first.
    ENTRY_POINTS = {
        "template that queries late": "/",
        "object or 404": "/products/lamp-{n}/",
        "count": "/search/?q=lamp&page={n}",
        "join": "/api/orders/?since={n}",
        "asynchronous view": "/api/stock/?n={n}",
        "plain SQL": "/reports/turnover/?week={n}",
        "transaction": "POST /basket/add/lamp-{n}/",
        "session and user": "/account/?n={n}",
        "middleware": "/shops/main-street/?n={n}",
        "background thread": "/stock/refresh/?n={n}",
    }

    def blow(self, rounds: int = 6, commands: int = 2, in_between=None) -> None:
        """Hits all entry points `rounds` times, concurrently, beside `commands` management commands.

        `in_between` is called once when half of the requests are done.
        """
        jobs = [self.storefront.command("nightly_totals", "--times", "3") for _ in range(commands)]
        requests = [path.format(n=n) for n in range(rounds) for path in self.ENTRY_POINTS.values()]
        half = len(requests) // 2
        with ThreadPoolExecutor(max_workers=8) as crowd:
            done = [crowd.submit(self.visit, path) for path in requests[:half]]
            if in_between:
                in_between()
            done += [crowd.submit(self.visit, path) for path in requests[half:]]
            statuses = [job.result() for job in done]
        for job in jobs:
            job.wait(60)
        assert set(statuses) <= {500, 202}, f"some requests found a database: {statuses}"

    def visit(self, path: str) -> int:
        """One request, of the customer where a session is needed, else of a stranger."""
        browser = self.customer if path.startswith("/account/") else Browser(self.server)
        if path.startswith("POST "):
            return browser.post(path.removeprefix("POST "))
        return browser.get(path)
