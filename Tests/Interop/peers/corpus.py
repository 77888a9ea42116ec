"""The labelled set of mails, which stands in the folder `shared` beside the checkout where there is one."""
import csv
import email
import email.policy
import email.utils
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from .relay import REPOSITORY

ARCHIVE = REPOSITORY.parent / "shared" / "corpus" / "dev.tar.xz"

ABSENT = "the labelled mails are not in this run: ../shared/corpus/dev.tar.xz is no part of this repository"


@dataclass
class Labelled:
    """One mail of the set."""

    file: str
    path: Path
    # The bug that it reports; None for ordinary mail.
    bug: str | None

    def message(self) -> email.message.Message:
        """The mail, read by Python."""
        return email.message_from_bytes(self.path.read_bytes())

    def sent_at(self) -> float:
        """Its Date, in seconds since 1970."""
        return email.utils.parsedate_to_datetime(self.message()["Date"]).timestamp()

    def site(self) -> tuple[str, ...]:
        """What tells its site from others: sender, recipients, prefix of the Subject, settings module."""
        mail = email.message_from_bytes(self.path.read_bytes(), policy=email.policy.default)
        text = "\n".join(
            part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
        module = re.search(r"Using settings module\W+(?:<[^>]+>)*([\w.]+)|DJANGO_SETTINGS_MODULE\W+([\w.]+)", text)
        prefix = re.match(r"(.*?)\s*(?:ERROR|CRITICAL|WARNING)\b", mail["Subject"] or "")
        people = [str(mail["From"]), *sorted(address for _, address in email.utils.getaddresses([str(mail["To"])]))]
        return (*people, prefix[1] if prefix else "", (module[1] or module[2]) if module else "")

    def join_site(self) -> None:
        """Makes it a mail of one site, whichever it came from: sender, recipients and prefix of the Subject."""
        raw = self.path.read_bytes()
        empty_line = re.search(rb"\r?\n\r?\n", raw)
        end = empty_line.start() if empty_line else 0
        head = re.sub(rb"(?mi)^(From|To):.*(\r?\n[ \t].*)*", rb"\1: ops@shop.example", raw[:end])
        head = re.sub(rb"(?mi)^(Subject: )(\[[^]]*\] )?(?=ERROR|CRITICAL|WARNING)", rb"\1[Shop] ", head)
        self.path.write_bytes(head + raw[end:])


def unpack(folder: Path) -> list[Labelled]:
    """All of the set, in `folder`/dev."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder)
    with open(folder / "dev" / "labels.tsv", encoding="utf-8", newline="") as labels:
        rows = list(csv.DictReader(labels, delimiter="\t"))
    return [Labelled(row["file"], folder / "dev" / row["file"], None if row["label"] == "PASS" else row["label"])
            for row in rows]
