"""Log lines are events of the catalogue, and the catalogue holds no others."""
import re
from collections.abc import Iterator

from source import SOURCES, code_of, line_of, shown, swift_files

_CATALOGUE = SOURCES / "EventLog"
_CASE = re.compile(r"^  case ([^/\n]+)", re.MULTILINE)
_BY_HAND = re.compile(r"\blogger\??\.(?:trace|debug|info|notice|warning|error|critical|log(?=\(level))\(")


def _cases(name: str) -> set[str]:
    """The cases of an enumeration of the catalogue."""
    text = re.search(rf"enum {name}\b.*?\n}}", "\n".join(code_of(path) for path in swift_files(_CATALOGUE)), re.DOTALL).group()
    return {re.match(r"\w+", case.strip()).group() for line in _CASE.findall(text) for case in line.split(",")}


def findings() -> Iterator[str]:
    """Lines that are logged without an event, and events and keys that nothing logs."""
    used: set[str] = set()
    for path in swift_files(SOURCES):
        if path.is_relative_to(_CATALOGUE) or "MailTestKit" in path.parts:
            continue
        code = code_of(path)
        used |= set(re.findall(r"\.(\w+)", code))
        for match in _BY_HAND.finditer(code):
            yield f"{shown(path)}:{line_of(code, match.start())}: a log line without an event; see Sources/EventLog"
    for name in ("LogVerb", "LogKey"):
        for case in sorted(_cases(name) - used):
            yield f"{shown(_CATALOGUE)}: nothing logs `{name}.{case}`"
