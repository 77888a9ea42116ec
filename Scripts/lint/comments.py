"""Doc comments that can be read alone, as Quick Help shows them."""
import re
from collections.abc import Iterator

from source import SOURCES, shown, swift_files, text_of

# A sentence that begins with one of these names no subject: "Of the recipients of the mail.", "That are open.".
FRAGMENT = re.compile(r"///\s*(" + "|".join(
    "Of That Than What Whether Who Whom Whose Where When Why How Which As In At For From With Without By Until Since Behind "
    "Before After So To Is Are Was Were Has Have Had Did Nil It Its Those These Them They Because If Unless While And Or "
    "But Not On Over Under Above Below Absent Beyond Beside Between Else Also".split()) + r")(?![\w`])")


def findings() -> Iterator[str]:
    """Doc comments whose first word makes them a fragment."""
    for path in swift_files(SOURCES):
        is_inside = False
        for number, line in enumerate(text_of(path).split("\n"), 1):
            is_comment = line.lstrip().startswith("///")
            if is_comment and not is_inside and FRAGMENT.match(line.lstrip()):
                yield f"{shown(path)}:{number}: {line.strip()} (begin with a noun phrase, or a verb in the third person)"
            is_inside = is_comment
