"""A site of today's newest Django under gunicorn: MAILERS, and error pages that depend on them."""
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .pythons import interpreters
from .relay import REPOSITORY
from .waiting import answers, free_port, until

PYTHON, PACKAGES = "3.12", REPOSITORY / ".venv" / "django-on-3.12"

SITE = '''
from django.core.mail import send_mail
from django.http import HttpResponse
from django.urls import path

SECRET_KEY, ALLOWED_HOSTS, ROOT_URLCONF, USE_TZ = "x", ["127.0.0.1"], "site_of_test", True
ADMINS = MANAGERS = ["admin@shop.example"]
SERVER_EMAIL = DEFAULT_FROM_EMAIL = "django@shop.example"
MIDDLEWARE = ["django.middleware.common.BrokenLinkEmailsMiddleware", "django.middleware.common.CommonMiddleware"]
MAILERS = {"default": {
    "BACKEND": "django.core.mail.backends.%(backend)s.EmailBackend", "OPTIONS": %(options)r}}


def crash(request, number):
    raise ValueError("crash %%d" %% number)


def order(request, number):
    send_mail("Order %%d" %% number, "Thank you.", None, ["customer@example.org"])
    return HttpResponse("ordered")


urlpatterns = [path("crash/<int:number>/", crash), path("order/<int:number>/", order)]
'''


@dataclass(frozen=True)
class Page:
    """What a visitor got."""

    status: int
    body: str


@dataclass
class ShopOfToday:
    """gunicorn with threads; `smtp_port` is where its only mailer points, 0: mail goes nowhere."""

    folder: Path
    smtp_port: int
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> "ShopOfToday":
        """Listens."""
        self.folder.mkdir(parents=True)
        options = {"host": "127.0.0.1", "port": self.smtp_port, "timeout": 30} if self.smtp_port else {}
        backend = "smtp" if self.smtp_port else "dummy"
        (self.folder / "site_of_test.py").write_text(SITE % {"backend": backend, "options": options})
        command = [
            interpreters()[PYTHON], "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--threads", "64", "--timeout",
            "60", "django.core.wsgi:get_wsgi_application()"]
        environment = {"PYTHONPATH": f"{PACKAGES}:{self.folder}", "DJANGO_SETTINGS_MODULE": "site_of_test",
                       "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        with open(self.folder / "gunicorn.log", "wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        until(lambda: answers(self.port), "gunicorn listens", 30)
        return self

    def stop(self) -> None:
        """Ends it."""
        processes.end(self.process)

    def get(self, path: str) -> Page:
        """One visit."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return Page(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Page(error.code, error.read().decode())

    def crowd(self, paths: list[str]) -> list[Page]:
        """Visits at once."""
        with ThreadPoolExecutor(max_workers=min(len(paths), 50)) as visitors:
            return list(visitors.map(self.get, paths))
