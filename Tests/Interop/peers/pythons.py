"""The Python interpreters of this machine; as a program, where the one of a version is."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = [f"3.{minor}" for minor in range(6, 14)]

DEBIAN = "/usr/bin/python3"

_TELL = "import ssl, sys; print('%d.%d' % sys.version_info[:2])"


def interpreters() -> dict[str, str]:
    """One interpreter for each version that is here, Debian's own among them."""
    found = {}
    for candidate in _candidates():
        version = _version(candidate)
        if version:
            found.setdefault(version, candidate)
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def _candidates() -> list[str]:
    names = [f"python{version}" for version in VERSIONS]
    on_path = [path for path in map(shutil.which, names) if path]
    of_pyenv = [str(path) for name in names for path in sorted(_pyenv().glob(f"versions/*/bin/{name}"))]
    return [DEBIAN, *on_path, *of_pyenv]


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _version(interpreter: str) -> str | None:
    # A name on the PATH may be a stand-in that only says that this version is not chosen.
    told = subprocess.run([interpreter, "-c", _TELL], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return told.stdout.strip() if told.returncode == 0 else None


if __name__ == "__main__":
    path = interpreters().get(sys.argv[1])
    print(path or "", end="")
    sys.exit(0 if path else 1)
