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


# How a page names a test: a suite, or a function of one; a function of a file in Python; a dialogue.
_TEST = re.compile(r"\w+Tests(?:\.\w+)?|test_\w+\.py(?:::\w+)?|[\w-]+\.smtp")


def named_tests(page: Path) -> set[str]:
    """What stands between backticks and is the name of a test."""
    return {name for name in re.findall(r"`([^`\n]+)`", page.read_text()) if _TEST.fullmatch(name)}


def has_test(repository: Path, name: str) -> bool:
    """Whether the tests have one of that name."""
    tests = repository / "Tests"
    if name.endswith(".smtp"):
        return (tests / "SMTPServerTests" / "Dialogs" / name).exists()
    if name.startswith("test_"):
        file, _, function = name.partition("::")
        path = tests / "Interop" / file
        return path.exists() and re.search(rf"^def {function or 'test_.*'}\b", path.read_text(), re.M) is not None
    suite, _, function = name.partition(".")
    texts = (path.read_text() for path in tests.glob("*Tests/**/*.swift"))
    return any(re.search(rf"\b(struct|class) {suite}\b", text) and (not function or re.search(rf"\bfunc {function}\b", text))
               for text in texts)
