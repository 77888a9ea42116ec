"""What the build cannot guard: the pure targets hold no socket, clock, database, log or task.

The order of the layers is enforced by the build itself (--explicit-target-dependency-import-check error); this looks
for imports and calls that any target could make.
"""
import re
from collections.abc import Iterator

from source import SOURCES, code_of, line_of, shown, swift_files

PURE_TARGETS = ["MailMessage", "SMTPProtocol", "Fingerprint", "DedupCore", "RelayMail", "DedupConfig", "Trial"]

# Not even by re-export: what these modules offer is I/O, or a way to wait.
FORBIDDEN_IMPORTS = re.compile(
    r"^(NIO\w*|_NIO\w*|GRDB|SQLite3|Logging|Metrics|ServiceLifecycle|Hummingbird\w*|HTTPTypes|AsyncAlgorithms"
    r"|FoundationNetworking|Network|Dispatch|Observation)$"
)

FORBIDDEN_CODE = [
    (r"\bTask\s*(\.|\{|\()", "starts or waits for a task"),
    (r"\bwith(Throwing)?(Discarding)?TaskGroup\b", "starts tasks"),
    (r"\bDate\s*\(\s*\)|\bDate\.now\b", "reads the wall clock; take `now:` as an argument"),
    (r"\b(ContinuousClock|SuspendingClock|UTCClock)\b", "reads a clock; take `now:` as an argument"),
    (r"\b(clock_gettime|gettimeofday|time)\s*\(\s*(nil|&|CLOCK_)", "reads a clock; take `now:` as an argument"),
    (r"\b(u|nano)?sleep\s*\(", "waits"),
    (r"\bDispatch(Queue|Group|Semaphore|Time)\b", "uses Dispatch"),
    (r"\b(Process|FileManager|FileHandle|URLSession|Thread|Timer|RunLoop)\b(\.|\()", "does I/O"),
    (r"\b(fopen|socket|connect|recv|send)\s*\(\s*(AF_|fd|sock)", "does I/O"),
    (r"(?<![\w.])(print|debugPrint|dump)\s*\(", "writes to the terminal"),
    (r"\bSystemRandomNumberGenerator\b|\.random\s*\(\s*in:[^,()]*\)|\bUUID\s*\(\s*\)", "is not repeatable"),
]

IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
                    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)", re.MULTILINE)


def findings() -> Iterator[str]:
    """What breaks a layer, as `file:line: reason`."""
    for target in PURE_TARGETS:
        for path in swift_files(SOURCES / target):
            code = code_of(path)
            for match in IMPORT.finditer(code):
                if FORBIDDEN_IMPORTS.match(match.group(1)):
                    line = line_of(code, match.start(1))
                    yield f"{shown(path)}:{line}: a pure target imports {match.group(1)}"
            for pattern, reason in FORBIDDEN_CODE:
                for match in re.finditer(pattern, code):
                    yield f"{shown(path)}:{line_of(code, match.start())}: `{match.group().strip()}` {reason}"
