"""The documents do not rot: every command, configuration and setting in them is tried."""
import functools
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Workshop
from peers.desk import Desk
from peers.documents import Block, blocks, has_test, named_commands, named_tests, pages
from peers.mails import error_report
from peers.pythons import interpreters
from peers.relay import REPOSITORY, binary

ALL = blocks(REPOSITORY)
# What the documents call an error.
_ID = "3f2a9c51"
# The settings of Django that are said for 6.1 need it.
_DJANGO_6_1 = REPOSITORY / ".venv" / "django-on-3.12"


def of(language: str, *places: str) -> list:
    """The blocks of a language that are tried in a place, each called by where it stands."""
    return [pytest.param(block, id=block.name) for block in ALL if block.language == language and block.place in places]


@pytest.fixture(scope="module")
def desk(peers: Workshop) -> Desk:
    """The desk of an admin, with an hour of work behind it: an error that came five times, another one, a letter."""
    sink = peers.sink()
    relay = peers.relay(sink)
    library = relay.folder / "lib"
    relay.overrides = {
        "store": {"directory": str(library / "store"), "spool": str(library / "spool")},
        "delivery": {"maildir": str(library / "maildir")}, "rule scanners": {"path": "/wp-admin", "action": "summary-only"}}
    relay.write_config()
    (library / "maildir" / "new").mkdir(parents=True)
    desk = Desk(relay, relay.folder / "desk")
    desk.start()
    peers.endings.append(desk.stop)
    for number in [1, 1, 1, 1, 1, 2]:
        relay.send(error_report(number))
    desk.wait_drained()
    _lay_out(desk)
    return desk


def _lay_out(desk: Desk) -> None:
    """The files that the documents take for granted."""
    (desk.folder / "mail.eml").write_bytes(error_report(1))
    (desk.folder / "Maildir" / "cur").mkdir(parents=True)
    (desk.folder / "Maildir" / "cur" / "1:2,").write_bytes(error_report(1))
    past = b"From root@shop.example Mon Nov 23 10:00:00 2026\n" + error_report(1).replace(b"\r\n", b"\n") + b"\n"
    (desk.folder / "last-month.mbox").write_bytes(past * 3)
    (desk.folder / "trial.conf").write_text("[window]\nlength = 2h\n")


@pytest.mark.parametrize("block", of("sh", ""))
def test_commands(desk: Desk, block: Block):
    """Each line works on the desk of an admin."""
    often = next(error["id"] for error in desk.relay.errors() if error["total"] >= 5)
    if "cms -decrypt" in block.text:
        _encrypt_to_anna(desk)
    done = desk.run(block.text.replace(_ID, often))
    assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{desk.relay.output()[-2000:]}"


def _encrypt_to_anna(desk: Desk) -> None:
    """Such a mail as the relay would have sent with the certificate that the page made before."""
    done = subprocess.run(
        ["openssl", "cms", "-encrypt", "-in", "mail.eml", "-out", "mail.eml", "anna.pem"], cwd=desk.folder,
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", of("sh", "checkout"))
def test_targets_of_the_makefile(block: Block):
    """What is typed in a checkout is there; the runs themselves are tests of their own, and CI."""
    for line in block.text.splitlines():
        done = subprocess.run(["make", "-n", line.split()[1]], cwd=REPOSITORY, capture_output=True, text=True)
        assert line.startswith("make ") and done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.parametrize("block", of("ini", ""))
def test_configurations(desk: Desk, block: Block, tmp_path: Path):
    """Each is a configuration without errors."""
    (tmp_path / "keys").mkdir()
    for name in ["anna.pem", "ben.pem", "cert.pem", "key.pem"]:
        _certificate(tmp_path / name, tmp_path / ("keys" if name in ["anna.pem", "ben.pem"] else "") / name)
    (tmp_path / "users").write_text("shop:" + desk.run("openssl passwd -6 secret").stdout)
    (tmp_path / "users").chmod(0o640)
    text = block.text.replace("/etc/maildedup", str(tmp_path))
    (tmp_path / "dedup.conf").write_text(text)
    done = subprocess.run(
        [binary("dedupctl"), "check-config", tmp_path / "dedup.conf"], capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    assert "warning" not in done.stderr, done.stderr


def _certificate(path: Path, key: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-keyout", key, "-out", path,
         "-subj", f"/CN={path.stem}"], check=True, capture_output=True)
    path.chmod(0o640)


_SETTINGS = """
import sys
from django.conf import settings
space = {{}}
exec({text!r}, space)
settings.configure(ADMINS=[{admins}], SERVER_EMAIL="site@shop.example",
                   **{{name: value for name, value in space.items() if name.isupper()}})
import django
django.setup()
from django.core.mail import mail_admins
mail_admins("Tried", "as the document says")
"""


@pytest.mark.parametrize("block", of("python", ""))
def test_settings_of_django(desk: Desk, block: Block):
    """With each block of settings mail_admins reaches the relay."""
    mailers = "MAILERS" in block.text
    # Another machine, and a login over TLS: test_clients.py has that; here the name and the port are this machine's.
    away = "EMAIL_USE_TLS" in block.text
    text = re.sub(r"(?m)^EMAIL_(USE_TLS|HOST_USER|HOST_PASSWORD) .*\n", "", block.text)
    text = desk.here(text.replace("relay.example.org", "127.0.0.1").replace("587", "2525") if away else text)
    admins = "'admins@shop.example'" if mailers else "('Admin', 'admins@shop.example')"
    python = interpreters().get("3.12") if mailers else sys.executable
    if mailers and not (python and _DJANGO_6_1.exists()):
        pytest.xfail("Django 6.1 needs Python 3.12, which this machine does not have")
    before = desk.relay.totals()["passed"]
    done = subprocess.run(
        [python, "-B", "-c", _SETTINGS.format(text=text, admins=admins)], capture_output=True, text=True, timeout=60,
        env=dict(os.environ, PYTHONPATH=str(_DJANGO_6_1) if mailers else ""))
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    assert desk.relay.totals()["passed"] == before + 1


@pytest.mark.parametrize("command", sorted(named_commands(REPOSITORY)))
def test_commands_that_sentences_name(command: str):
    """The verb exists, and has the options that stand there."""
    words = command.split()
    verbs = [word for word in words[1:] if re.fullmatch(r"[a-z|-]+", word) and not word.startswith("-")]
    options = re.findall(r"(?<!\S)--?[a-z][a-z-]*", command)
    for verb in verbs[0].split("|") if verbs else [None]:
        _has_options(words[0], [verb] if verb else [], options, verbs[1:])


def _has_options(program: str, verb: list[str], options: list[str], below: list[str]) -> None:
    groups = [[*verb, *([word] if word else [])] for word in (below[0].split("|") if below else [None])]
    for group in groups:
        done = subprocess.run([binary(program), *group, "--help"], capture_output=True, text=True)
        # Of words that it does not know it shows the help of what stands before them.
        assert f"USAGE: {' '.join([program, *group])} " in done.stdout + " ", f"{program} {group}: {done.stdout}{done.stderr}"
        for option in options:
            assert re.search(rf"{option}\b", done.stdout), f"{program} {' '.join(group)} has no {option}"


def test_every_block_is_tried():
    """A block in a language or place that nothing tries would rot."""
    known = {("sh", ""), ("sh", "checkout"), ("sh", "debian"), ("ini", ""), ("python", ""), ("yaml", ""), ("text", ""), ("", "")}
    assert {(block.language, block.place) for block in ALL} <= known


@pytest.mark.parametrize("block", of("yaml", ""))
def test_settings_of_prometheus(block: Block, tmp_path: Path):
    """promtool finds nothing wrong with them."""
    (tmp_path / "prometheus.yml").write_text(block.text)
    promtool = REPOSITORY / ".venv" / "prometheus" / "usr" / "bin" / "promtool"
    done = subprocess.run(
        [promtool, "check", "config", "--syntax-only", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# What is written for whoever works on the code.
_DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"))
_FOR_DEVELOPERS = [REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "docs" / "architecture.md",
                   REPOSITORY / "docs" / "decisions" / "README.md", *_DECISIONS]


def each(articles: list[Path]) -> list:
    """Pages as parameters, each called by its name."""
    return [pytest.param(page, id=str(page.relative_to(REPOSITORY))) for page in articles]


def _anchors(page: Path) -> set[str]:
    """What a link may say behind `#`: the headings, as GitHub makes anchors of them."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)
    words = [re.sub(r"[^\w\s-]", "", heading.lower()) for heading in re.findall(r"^#+ (.+)$", text, re.M)]
    return {re.sub(r"\s", "-", heading.strip()) for heading in words}


@pytest.mark.parametrize("page", each(sorted({*pages(REPOSITORY), *_FOR_DEVELOPERS})))
def test_links(page: Path):
    """What a page refers to is there, down to the heading."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text()):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor:
            assert anchor in _anchors(there), f"{target}#{anchor}"


def test_picture_of_rooms():
    """docs/img/rooms.svg shows the targets, rooms and imports that there are: otherwise run Scripts/rooms."""
    done = subprocess.run([sys.executable, "-B", REPOSITORY / "Scripts" / "rooms", "-"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = (REPOSITORY / "docs" / "img" / "rooms.svg").read_text()
    assert done.stdout == shown, "docs/img/rooms.svg is not what the sources say: run Scripts/rooms"


def test_each_room_has_its_sentence():
    """docs/architecture.md has one line for each folder with Swift files, and for no other."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    section = page[page.index("\n## Rooms\n"):page.index("\n## What is decided where\n")]
    described = re.findall(r"^\| `([\w/]+)` \| .+\. \|$", section, re.M)
    sources = REPOSITORY / "Sources"
    rooms = {str(file.parent.relative_to(sources)) for file in sources.glob("**/*.swift")}
    assert sorted(described) == sorted(rooms)


def test_layers_of_the_architecture():
    """The table of layers in docs/architecture.md has the targets that Scripts/rooms draws there."""
    targets = runpy.run_path(str(REPOSITORY / "Scripts" / "rooms"))["targets"]().values()
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", page, re.M)
    drawn = {layer: {target.name for target in targets if target.layer == layer} for layer in range(4)}
    assert {int(layer): set(re.findall(r"`(\w+)`", names)) for layer, names in rows} == drawn


@pytest.mark.parametrize("page", each(_FOR_DEVELOPERS))
def test_names_of_the_code(page: Path):
    """Each type, function and file that a page names is there under this name."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)
    codes = re.findall(r"`([^`\n]+)`", text)
    names = {code for code in codes if re.fullmatch(r"[A-Za-z]\w*(\.\w+)*", code)}
    names = {name for name in names if re.search(r"[a-z][A-Z]|^[A-Z].*[a-z]", name)}
    missing = {name for name in names if not set(re.findall(r"\w+", name)) <= _words_of_the_code()}
    paths = {code for code in codes if re.fullmatch(r"(Sources|Tests|Scripts|docs|Benchmarks)(/[\w.+-]+)+", code)}
    missing |= {path for path in paths if not (REPOSITORY / path).exists()}
    assert not missing


@functools.cache
def _words_of_the_code() -> set[str]:
    files = [file for folder in ["Sources", "Tests", "Benchmarks", "Fuzz", "Scripts"]
             for file in (REPOSITORY / folder).glob("**/*") if file.suffix in {".swift", ".py", ""} and file.is_file()]
    files = [file for file in files if ".build" not in file.parts and not file.is_symlink()]
    words = {word for file in files for word in re.findall(r"\w+", file.read_text(errors="replace"))}
    return words | {file.stem for file in files} | {folder.name for folder in (REPOSITORY / "Sources").glob("*/")}


def test_index_of_decisions():
    """Decisions are numbered without gaps, and docs/decisions/README.md lists them in their order, each by its title."""
    index = (REPOSITORY / "docs" / "decisions" / "README.md").read_text()
    titles = [page.read_text().splitlines()[0].removeprefix("# ").partition(": ") for page in _DECISIONS]
    assert [number for number, _, _ in titles] == [f"{number:03}" for number in range(1, len(titles) + 1)]
    assert re.findall(r"^\| (\d+) \| \[(.+?)\]\((.+?)\) \|", index, re.M) == [
        (number, title, page.name) for (number, _, title), page in zip(titles, _DECISIONS)]


@pytest.mark.parametrize("page", each([REPOSITORY / "docs" / "architecture.md", *_DECISIONS]))
def test_length_of_a_page(page: Path):
    """The architecture fits into 200 lines, a decision onto one page."""
    most = 200 if page.name == "architecture.md" else 70
    assert len(page.read_text().splitlines()) <= most


_FILES_THAT_NAME_PATHS = [
    path for path in map(Path, subprocess.run(
        ["git", "ls-files", "-z", "README.md", "CONTRIBUTING.md", "docs", "packaging", "Scripts"], cwd=REPOSITORY,
        capture_output=True, text=True, check=True).stdout.split("\0"))
    if path.suffix in ("", ".md", ".py", ".service", ".socket") and path.name]


@pytest.mark.parametrize("page", _FILES_THAT_NAME_PATHS, ids=str)
def test_paths_of_sources_that_are_named_exist(page: Path):
    """A file that moved is named where it is now, also by the scripts that write it."""
    text = (REPOSITORY / page).read_text(errors="replace")
    text = re.sub(r'" / "', "/", text)
    named = set(re.findall(r"(?<![\w/])(?:Sources|Tests)/[\w/+.-]*\w\.(?:swift|py|pml|txt|smtp)\b", text))
    assert not {path for path in named if not (REPOSITORY / path).exists()}


@pytest.mark.parametrize("name", sorted(named_tests(REPOSITORY / "docs" / "security.md")))
def test_what_the_page_of_security_claims_has_its_test(name: str):
    """Each test that it names is there, under this name."""
    assert has_test(REPOSITORY, name), f"docs/security.md names {name}, and no test is called so"


def test_the_page_of_security_names_tests():
    """A page of which no test could be read would claim anything."""
    assert len(named_tests(REPOSITORY / "docs" / "security.md")) > 50
