"""Swift sources as text: what of them is code, and where declarations stand."""
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "Sources"

_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|#*"""(?:\\.|.)*?"""#*|#+"(?:[^\n])*?"#+|"(?:\\.|[^"\\\n])*"', re.DOTALL
)


@cache
def text_of(path: Path) -> str:
    """The whole file."""
    return path.read_text(encoding="utf-8")


@cache
def code_of(path: Path) -> str:
    """The file with comments and literals blanked, line by line as long as before."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text_of(path))


def swift_files(folder: Path) -> list[Path]:
    """All Swift files below a folder, sorted."""
    return sorted(folder.glob("**/*.swift"))


def line_of(text: str, offset: int) -> int:
    """The number of the line, from 1, that holds an offset."""
    return text.count("\n", 0, offset) + 1


def shown(path: Path) -> str:
    """The path as an admin of the repository writes it."""
    return str(path.relative_to(ROOT))


_FUNCTION = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:[a-z]+(?:\([a-z]+\))?\s+)*"
    r"(func\s+[^\s(<]+|init[?!]?(?=\s*[(<])|deinit\b|subscript\b|var\s+\w+[^={\n]*(?=\{))", re.MULTILINE)


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Each function, initialiser and computed property: its name, its first line, and its lines."""
    code = code_of(path)
    for match in _FUNCTION.finditer(code):
        opening = _body(code, match.end())
        if opening is None:
            continue
        end = _closing(code, opening)
        yield match.group(1).strip(), line_of(code, match.start(1)), code.count("\n", match.start(1), end) + 1


def _body(code: str, index: int) -> int | None:
    """Where the body begins; none for a requirement of a protocol."""
    depth = 0
    for index in range(index, len(code)):
        character = code[index]
        depth += (character in "([") - (character in ")]")
        if depth:
            continue
        if character == "{":
            return index
        if character == "\n" and not re.match(r"\s*(\{|where\b|->|throws\b|async\b)", code[index:index + 200]):
            return None
    return None


def _closing(code: str, index: int) -> int:
    """Where the block ends that begins at `index`."""
    depth = 0
    for index in range(index, len(code)):
        depth += (code[index] == "{") - (code[index] == "}")
        if depth == 0:
            return index
    return index
