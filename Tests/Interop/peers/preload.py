"""Libraries of ours in C that change what a program under test gets to see of its machine."""
import subprocess
from pathlib import Path


def build(name: str, folder: Path) -> Path:
    """Compiles NAME.c, which stands here, into a library in `folder`."""
    source, library = Path(__file__).with_name(name + ".c"), folder / (name + ".so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source], check=True)
    return library
