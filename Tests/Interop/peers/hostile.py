"""Hostile requests, and the property that they must not break: nothing that a visitor writes decides anything."""
import email
import email.policy
import json
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .bazaar import SITE, Bazaar, Kept, Request
from .hostile_text import HostileText
from .relay import binary

# Where nothing was raised, what was logged is the error's name: another text is another error, as nothing in the mail
# tells which words of it were the visitor's; and a table that SQL names is the table, though the visitor wrote the SQL.
# It must still not get the name of an error of another kind. Nor does the mail show the tag that includes a template.
# What bounds these is that new errors of one kind are told of in a digest (the flood test).
NAMED_BY_WORDS = {"logged", "suspicious", "sqlite", "template_include"}

# Servers take request lines and header fields of 8 KiB, Django forms of 2.5 MiB.
LINE, FORM = 8_000, 1_000_000

HEADERS = ["User-Agent", "Referer", "Accept-Language", "X-Forwarded-For", "X-Visitor", "X-Evil", "Via", "Content-Language"]


def plain_request(page: str, words: bytes = b"17 sofas") -> Request:
    """What somebody without a grudge asks of the page."""
    if page == "int_of_form":
        return Request(page, form=((b"q", words),))
    if page == "json_of_body":
        return Request(page, json=json.dumps({"colour": words.decode("utf-8", "replace")}).encode())
    if page in ("upload", "read_upload"):
        return Request(page, files=((b"list", words + b".txt"),))
    if page == "lost":
        return Request(page, path=words)
    return Request(page, query=((b"q", words),))


class HostileVisitor:
    """Makes requests to one bazaar."""

    def __init__(self, seed: str, bazaar: Bazaar, reports: list[bytes]):
        self.random = random.Random(seed)
        self.texts = HostileText(seed, reports, str(SITE))
        self.has_asgi = bazaar.has_asgi

    def request(self, page: str) -> Request:
        """The same request as `plain_request`, with hostile text in one to three places."""
        pick = self.random.choice
        request = plain_request(page, self._text() if self.random.random() < 0.6 else b"17 sofas")
        if page == "cron":
            return request
        for _ in range(pick([1, 1, 2, 3])):
            request = self._spoil(request, pick(["path", "query", "query key", "form", "form key", "cookie", "header", "file"]))
        if self.random.random() < 0.02:
            request = request.but(host=self._text())
        return request.but(asgi=self.has_asgi and self.random.random() < 0.2)

    def _text(self, large: int = LINE) -> bytes:
        return self.texts.text(large)

    def _spoil(self, request: Request, place: str) -> Request:
        if place == "path":
            return request.but(path=request.path + self._text())
        if place == "query":
            return request.but(query=((b"a", self._text()), *request.query, (b"z", self._text())))
        if place == "query key":
            return request.but(query=(*request.query, (self._text(), b"1")))
        if place == "cookie":
            return request.but(cookies=((self._text(), self._text()),))
        if place == "header":
            return request.but(headers=(*request.headers, (self.random.choice(HEADERS), self._text())))
        if request.json is not None or request.files:
            return request
        if place == "file" and not request.form:
            return request.but(files=((self._text(), self._text()),))
        large = FORM if self.random.random() < 0.01 else LINE
        pair = (self._text(large), b"1") if place == "form key" else (b"a", self._text(large))
        return request.but(form=(*request.form, pair))


@dataclass(frozen=True)
class Sight:
    """What the relay makes of a mail: all that decides what becomes of it."""

    verdict: str
    reason: str | None
    fingerprint: str | None
    family: str | None
    settings: str | None
    prefix: str | None

    @property
    def site(self) -> tuple[str | None, str | None]:
        """What of the mail tells its site."""
        return self.settings, self.prefix


def judge(mails: list[Kept]) -> list[Sight]:
    """What `dedupctl fingerprint` makes of each."""
    if not mails:
        return []
    folder = mails[0].path.parent / "asked"
    folder.mkdir(exist_ok=True)
    for number, mail in enumerate(mails):
        (folder / f"{number:06}.eml").hardlink_to(mail.path)
    done = subprocess.run(
        [binary("dedupctl"), "fingerprint", "--explain", "-o", "json", str(folder)], capture_output=True, timeout=600)
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    # By octets: to str.splitlines a visitor's U+2028 ends a line.
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(mails), f"{len(rows)} answers for {len(mails)} mails: {done.stderr.decode(errors='replace')}"
    return [Sight(row["verdict"], row.get("reason"), row.get("fingerprint"), row.get("family"), row.get("settings_module"),
                  row.get("subject_prefix")) for row in rows]


def report_text(raw: bytes) -> bytes:
    """The text of a report, decoded."""
    part = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    return part.get_content().encode("utf-8", "replace") if part else b""


def error_of(kept: Kept, page: str) -> tuple:
    """Which error a mail is about, by what the site knows."""
    chain = kept.truth.get("chain")
    if not chain:
        logger = kept.truth["logger"]
        return ("logged", logger, page if logger in ("bazaar", "django.request") else "")
    own = [(link["type"], link["own"]) for link in chain if link["own"]]
    return (chain[0]["type"], *own, page if own and page.startswith("outage") else "")


@dataclass
class Violation:
    """A visitor decided something."""

    kind: str
    page: str
    details: str
    hostile: Kept
    plain: Kept | None


@dataclass
class Outcome:
    """What came of the requests to one bazaar."""

    name: str
    mails: int = 0
    # Hostile text led to an error that no plain request has: nothing to compare with.
    other_errors: int = 0
    doubts: Counter = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)


class Comparison:
    """Holds the mails of hostile requests against those of plain ones."""

    def __init__(self, bazaar: Bazaar):
        self.bazaar = bazaar
        self.plain: dict[tuple, tuple[Sight, Kept]] = {}
        self.owners: dict[str, tuple] = {}
        mails = [(page, kept) for page in bazaar.pages for kept in bazaar.visit(plain_request(page))]
        mails += [("host", kept) for kept in bazaar.visit(plain_request("value").but(host=b"evil.example"))]
        sights = judge([kept for _, kept in mails])
        for (page, kept), sight in zip(mails, sights):
            error = error_of(kept, page)
            self.plain.setdefault(error, (sight, kept))
            self.owners.setdefault(sight.fingerprint, error)
        # A layout of the site's own may be a doubt for some errors: that is no visitor's doing.
        self.doubtful = {page for (page, _), sight in zip(mails, sights) if sight.verdict != "report"}
        self.pages = sorted({page for page, _ in mails} - self.doubtful - {"host"})
        self.settings = {sight.settings for sight, _ in self.plain.values() if sight.verdict == "report"}

    def reports(self) -> list[bytes]:
        """The texts of true reports."""
        return [report_text(kept.raw()) for _, kept in self.plain.values()]

    def run(self, visitor: HostileVisitor, count: int, batch: int = 500) -> Outcome:
        """So many hostile requests."""
        outcome = Outcome(self.bazaar.name)
        for first in range(0, count, batch):
            pages = [self.pages[number % len(self.pages)] for number in range(first, min(first + batch, count))]
            mails = [(page, kept) for page in pages for kept in self.bazaar.visit(visitor.request(page))]
            for (page, kept), sight in zip(mails, judge([kept for _, kept in mails])):
                outcome.mails += 1
                if self._holds(page, kept, sight, outcome):
                    kept.path.unlink()
        return outcome

    def _holds(self, page: str, kept: Kept, sight: Sight, outcome: Outcome) -> bool:
        error = error_of(kept, page)
        plain, plain_mail = self.plain.get(error, (None, None))
        if sight.verdict == "doubt":
            outcome.doubts[page, sight.reason] += 1
            return True
        if plain is None:
            outcome.other_errors += 1
        found = [Violation(kind, page, details, kept, plain_mail)
                 for kind, details in self._violations(error, page, sight, plain)]
        outcome.violations += found
        return not found

    def _violations(self, error: tuple, page: str, sight: Sight, plain: Sight | None):
        if sight.verdict != "report":
            yield "passed", f"{sight.reason}: not held to be a report"
            return
        if sight.settings not in self.settings or (plain and sight.site != plain.site):
            yield "site", f"{sight.site} instead of {plain.site if plain else self.settings}"
        owner = self.owners.get(sight.fingerprint, error)
        if owner != error and not (plain and plain.fingerprint == sight.fingerprint):
            yield "hidden", f"{error} goes as {owner}"
        elif sight.family and sight.family != (plain.family if plain else None):
            yield "outage", f"{error} goes as {sight.family}"
        elif plain and sight.fingerprint != plain.fingerprint and page not in NAMED_BY_WORDS:
            yield "endless", f"{error} has another name"


def keep(violations: list[Violation], folder: Path, most: int = 3) -> list[str]:
    """Writes the mails of some violations of each kind and page, the smallest ones, and returns a line for each."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, kept = [], Counter()
    for one in sorted(violations, key=lambda one: one.hostile.path.stat().st_size):
        group = (one.kind, one.page)
        kept[group] += 1
        if kept[group] > most:
            continue
        name = f"{one.kind}-{one.page}-{one.hostile.path.parent.name}-{one.hostile.path.stem}"
        shutil.copy(one.hostile.path, folder / f"{name}.eml")
        if one.plain:
            shutil.copy(one.plain.path, folder / f"{name}-plain.eml")
        lines.append(f"{name}.eml: {one.details}")
    with open(folder / "index.txt", "a", encoding="utf-8") as index:
        index.writelines(line + "\n" for line in lines)
    return lines
