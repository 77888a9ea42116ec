"""`package` only on what another target uses."""
import re
from collections import defaultdict
from collections.abc import Iterator

from source import ROOT, SOURCES, code_of, line_of, shown, swift_files, text_of

_DECLARATION = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*package\s+(?:[a-z]+(?:\([a-z]+\))?\s+)*?"
    r"(struct|class|enum|actor|protocol|func|var|let|typealias)\s+`?(\w+)", re.MULTILINE)
# What another declaration may need a type for: one that says `package` itself, a case, a requirement of a protocol.
_SIGNATURE = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:package\b[^{]*|case\b[^:{]*\([^{]*|(?:static )?(?:func|var)\b[^{}]*$)", re.MULTILINE)
# What the standard library asks for by name.
_REQUIREMENTS = {"description", "debugDescription", "customMirror", "hash", "encode", "errorDescription"}
_TYPES = {"struct", "class", "enum", "actor", "protocol", "typealias"}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _used() -> dict[str, set[str]]:
    """The words of each target, those of strings included (interpolations use declarations, too)."""
    used: dict[str, set[str]] = defaultdict(set)
    for folder in [*SOURCES.iterdir(), *(ROOT / "Tests").iterdir(), ROOT / "Fuzz", ROOT / "Benchmarks"]:
        for path in swift_files(folder):
            if not path.is_symlink() and ".build" not in path.parts:
                used[str(folder)] |= _words(re.sub(r"//[^\n]*", "", text_of(path)))
    return used


def findings() -> Iterator[str]:
    """Declarations that say `package` and that no other target names. A type may also be needed by the signature of
    another `package` declaration."""
    used = _used()
    for target in sorted(SOURCES.iterdir()):
        elsewhere = set().union(*(words for folder, words in used.items() if folder != str(target)))
        signatures: set[str] = set()
        for path in swift_files(target):
            for match in _SIGNATURE.finditer(code_of(path)):
                signatures |= _words(re.sub(r"\b(struct|class|enum|actor|protocol)\s+\w+", "", match.group()))
        for path in swift_files(target):
            code = code_of(path)
            for match in _DECLARATION.finditer(code):
                kind, name = match.groups()
                if name in elsewhere or name in _REQUIREMENTS or (kind in _TYPES and name in signatures):
                    continue
                yield f"{shown(path)}:{line_of(code, match.start(1))}: no other target uses `package {kind} {name}`"
