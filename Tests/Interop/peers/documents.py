"""The documents: their blocks of code, and the commands that their sentences name."""
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: Path
    line: int
    language: str
    text: str
    # What `<!-- run in: … -->` above it says; empty: anywhere.
    place: str

    @property
    def name(self) -> str:
        """Where it stands, for people."""
        return f"{self.page.name}:{self.line}"


_FENCE = re.compile(r" *```(\w*)$")
_PLACE = re.compile(r" *<!-- run in: (\w+) -->$")


def pages(repository: Path) -> list[Path]:
    """Everything that is written for admins and developers."""
    return [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]


def blocks(repository: Path) -> list[Block]:
    """All blocks of all pages, in their order."""
    return [block for page in pages(repository) for block in _of_page(page)]


def _of_page(page: Path) -> list[Block]:
    found, place, begun = [], "", None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if begun and fence:
            start, language, lines = begun
            text = textwrap.dedent("\n".join(lines)) + "\n"
            found.append(Block(page, start, language, text, place))
            begun, place = None, ""
        elif begun:
            begun[2].append(line)
        elif fence:
            begun = (number, fence[1], [])
        elif line.strip():
            marker = _PLACE.match(line)
            place = marker[1] if marker else ""
    assert begun is None, f"{page} ends inside a block"
    return found


def named_commands(repository: Path) -> set[str]:
    """What stands between backticks in sentences and begins with the name of one of our programs."""
    found = set()
    for page in pages(repository):
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)
        for code in re.findall(r"`([^`]+)`", text):
            if re.match(r"(dedupctl|maildedup) ", code):
                found.add(" ".join(code.replace("\\|", "|").split()))
    return found
