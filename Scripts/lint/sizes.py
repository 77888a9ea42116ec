"""Files of one subject and short functions."""
from collections.abc import Iterator

from source import ROOT, SOURCES, functions, shown, swift_files, text_of

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
# One in twenty functions may be longer than this.
LONG_FUNCTION = 20

# Tables that a script writes.
GENERATED = {"PostgreSQLCatalogue.swift"}
# Flat switches of state machines, which splitting would only hide.
FLAT_SWITCHES: set[str] = set()


def findings() -> Iterator[str]:
    """Files and functions that are too long, and functions that are long too often."""
    for path in swift_files(SOURCES) + swift_files(ROOT / "Tests"):
        lines = text_of(path).count("\n")
        if lines > LONGEST_FILE and path.name not in GENERATED:
            yield f"{shown(path)}: {lines} lines; a file has one subject and at most {LONGEST_FILE} lines"
    lengths = []
    for path in swift_files(SOURCES):
        for name, line, length in functions(path):
            lengths.append(length)
            if length > LONGEST_FUNCTION and name not in FLAT_SWITCHES:
                yield f"{shown(path)}:{line}: {name} has {length} lines; at most {LONGEST_FUNCTION}"
    lengths.sort()
    if lengths[len(lengths) * 95 // 100] > LONG_FUNCTION:
        yield f"Sources: more than one function in twenty has over {LONG_FUNCTION} lines"
