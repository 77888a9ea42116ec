"""The Debian package: a machine gets it, uses it, upgrades it, removes it and purges it."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from peers.debian import Debian
from peers.documents import blocks
from peers.mails import error_report
from peers.relay import REPOSITORY
from peers.waiting import until

pytestmark = pytest.mark.timeout(300)

# systemctl is no part of a system without an init; these lines start and stop the service as the unit says.
_SYSTEMCTL = """#!/bin/sh
set -eu
unit=/lib/systemd/system/maildedup.service
start() {
  install -d -o maildedup -g maildedup -m 0750 /run/maildedup
  command=$(sed -n 's/^ExecStart=//p' $unit)
  setpriv --reuid=maildedup --regid=maildedup --init-groups sh -c "umask 0077; exec $command" </dev/null >>/root/log 2>&1 &
  echo $! >/root/pid
  for _ in $(seq 100); do ! dedupctl ping >/dev/null 2>&1 || exit 0; sleep 0.1; done
  cat /root/log >&2; exit 1
}
stop() { pid=$(cat /root/pid 2>/dev/null || echo 0); [ "$pid" = 0 ] || ! kill "$pid" 2>/dev/null || while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; }
case $1 in start) start ;; stop) stop ;; restart) stop; start ;; *) exit 1 ;; esac
"""
_SEND = """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", 2525, timeout=30) as client:
    client.sendmail("django@shop.example", ["admins@shop.example"], open(sys.argv[1], "rb").read())
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, Path]:
    """The package by its version: the present one, and one that is newer."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a system of its own")
    binaries = tmp_path_factory.mktemp("static")
    subprocess.run([REPOSITORY / "Scripts" / "link-static", binaries], check=True)
    version = subprocess.run([binaries / "maildedup", "--version"], capture_output=True, text=True).stdout.strip()
    built = {}
    for name, number in [("present", version), ("newer", "99.0")]:
        if name == "newer":
            built[name] = renumbered(built["present"], number)
            continue
        done = subprocess.run([REPOSITORY / "Scripts" / "deb", binaries, number], capture_output=True, text=True,
                              env=dict(os.environ, DEB_COMPRESSION="-Zgzip -z1"))
        assert done.returncode == 0, done.stderr
        built[name] = Path(shutil.move(REPOSITORY / done.stdout.split()[-1], binaries))
    return built


def renumbered(package: Path, version: str) -> Path:
    """The same package as if it were another version."""
    root, newer = package.parent / "root", package.parent / f"maildedup_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, root], check=True)
    control = root / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, newer], check=True,
                   capture_output=True)
    shutil.rmtree(root)
    return newer


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A Debian 12 without the package."""
    debian = Debian(tmp_path_factory.mktemp("debian") / "root")
    for path, text in [("usr/local/bin/systemctl", _SYSTEMCTL), ("root/send.py", _SEND)]:
        (debian.folder / path).write_text(text)
        (debian.folder / path).chmod(0o755)
    # Every installed machine has it.
    (debian.folder / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (debian.folder / "root" / "mail").write_bytes(error_report(1))
    yield debian
    debian.close()


def test_lintian(packages):
    """Debian's own critic finds no error, and no warning."""
    done = subprocess.run(["lintian", "--fail-on", "error,warning", packages["present"]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_is_in_it(packages):
    """Programs, settings, units, manuals and completions, where Debian has them; the runtime of Swift is not asked for."""
    listed = subprocess.run(["dpkg-deb", "--contents", packages["present"]], capture_output=True, text=True).stdout
    for path in ["usr/sbin/maildedup", "usr/bin/dedupctl", "etc/maildedup/conf.d/", "lib/systemd/system/maildedup.service",
                 "lib/systemd/system/maildedup.socket", "usr/share/man/man8/maildedup.8.gz",
                 "usr/share/man/man1/dedupctl.1.gz", "usr/share/man/man5/dedup.conf.5.gz",
                 "usr/share/bash-completion/completions/dedupctl", "usr/share/zsh/vendor-completions/_dedupctl",
                 "usr/share/fish/vendor_completions.d/dedupctl.fish"]:
        assert f"./{path}" in listed, path
    assert re.search(r"-rw-r----- root/root .* ./etc/maildedup/dedup.conf", listed)
    depends = subprocess.run(["dpkg-deb", "-f", packages["present"], "Depends"], capture_output=True, text=True).stdout
    assert "libsqlite3-0" in depends and "swift" not in depends


def test_manuals(packages, tmp_path: Path):
    """They say what the help says, and man finds nothing wrong with them."""
    subprocess.run([REPOSITORY / "Scripts" / "man", packages["present"].parent, tmp_path], check=True)
    for page, words in [("maildedup.8", "\\-\\-print\\-config"), ("dedupctl.1", "test\\-upstream"), ("dedup.conf.5", "storm\\-cap")]:
        assert words in (tmp_path / page).read_text()
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", tmp_path / page], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_exposure():
    """What systemd thinks of the unit: below 2.0."""
    unit = REPOSITORY / "packaging" / "systemd" / "maildedup.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=19", unit], capture_output=True, text=True)
    assert done.returncode == 0 and float(re.search(r"exposure level .*: ([\d.]+)", done.stdout)[1]) < 2.0, done.stdout


def test_a_life(packages, machine: Debian):
    """From the first installation to the purge."""
    documented = [block for block in blocks(REPOSITORY) if block.place == "debian"]
    assert documented
    first_steps(packages, machine, next(block.text for block in documented if block.page.name == "README.md"))
    # What the other pages say for such a machine works there as well.
    for block in documented:
        if block.page.name != "README.md" and "apt-get" not in block.text:
            machine.must(block.text.replace("sudo ", ""), USER="daemon")
    assert "maildedup" in machine.must("id -nG daemon")
    upgrade(packages, machine)
    broken_settings(packages, machine)
    removal(machine)


def first_steps(packages, machine: Debian, readme: str) -> None:
    """Exactly what the README says leads from the package to the first mail that is held back."""
    (machine.folder / "root" / "dist").mkdir()
    shutil.copy(packages["present"], machine.folder / "root" / "dist")
    site = machine.folder / "root" / "settings.py"
    site.write_text("EMAIL_HOST = 'localhost'\nADMINS = [('A', 'admins@shop.example')]\nSECRET_KEY = 'x'\n"
                    "SERVER_EMAIL = 'site@shop.example'\nDEBUG = False\nALLOWED_HOSTS = ['*']\n"
                    "ROOT_URLCONF = 'urls'\nUSE_TZ = True\n")
    (machine.folder / "root" / "urls.py").write_text(
        "from django.urls import path\ndef broken(request): return 1 / 0\nurlpatterns = [path('', broken)]\n")
    commands = [line for line in readme.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 3, "three commands"
    install, *rest = commands
    out = machine.must(f"cd /root; {install.replace('sudo ', '').replace('apt-get install', 'apt-get install --yes')}")
    assert "not started" not in out
    machine.must("systemctl start maildedup.service")
    # The edited line.
    site.write_text(site.read_text() + "EMAIL_PORT = 2525\n")
    raise_error = ("import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'; django.setup();"
                   "from django.test import Client; c = Client(raise_request_exception=False);"
                   "[c.get('/') for _ in range(5)]")
    machine.must(f'cd /root; python3 -c "{raise_error}" 2>/dev/null')
    out = "".join(machine.must(f"cd /root; {command.replace('sudo ', '')}") for command in rest)
    assert re.search(r" 5 +4 +4 .*ZeroDivisionError", out), out
    assert machine.must("ls /var/lib/maildedup/maildir/new | wc -l").strip() == "1"
    # As everybody and as the admin.
    assert machine.run("dedupctl list", user="65534").returncode == 5
    assert "no errors" in machine.must("maildedup --check-config")
    paths = machine.must("maildedup --print-config")
    assert not re.search(r"(?m)^(directory|spool|maildir|socket) = [^/]", paths), paths


def upgrade(packages, machine: Debian) -> None:
    """Store and queue stay, the settings of the admin too."""
    machine.must("printf '[delivery]\\nsmarthost = 127.0.0.1:9\\n' >/etc/maildedup/conf.d/site.conf; dedupctl reload")
    machine.must("printf 'Subject: order\\n\\nx\\n' >/root/order; python3 /root/send.py /root/order")
    before = machine.must("dedupctl list --no-headers; dedupctl queue list --no-headers | cut -c1-13")
    installed = machine.install(packages["newer"])
    assert installed.returncode == 0, installed.stdout + installed.stderr
    machine.must("systemctl restart maildedup.service")
    assert machine.must("dedupctl list --no-headers; dedupctl queue list --no-headers | cut -c1-13") == before
    assert machine.must("stat -c '%a %U %G' /etc/maildedup/dedup.conf /var/lib/maildedup").split("\n")[:2] == [
        "640 root maildedup", "750 maildedup maildedup"]


def broken_settings(packages, machine: Debian) -> None:
    """The package installs, says that it does not start, and why."""
    machine.must("systemctl stop maildedup.service; printf '[window]\\nlenght = 1h\\n' >/etc/maildedup/conf.d/wrong.conf")
    installed = machine.install(packages["newer"])
    machine.must("dpkg-reconfigure maildedup 2>&1 || true")
    again = machine.run("apt-get install --yes --reinstall ./maildedup_99.0_amd64.deb")
    said = installed.stderr + again.stdout + again.stderr
    assert again.returncode == 0 and "not started: the configuration is wrong" in said and "did you mean length?" in said, said
    machine.must("rm /etc/maildedup/conf.d/wrong.conf")


def removal(machine: Debian) -> None:
    """Removal keeps what is the admin's, purge asks nothing and leaves nothing."""
    machine.must("apt-get remove --yes maildedup")
    machine.must("test -e /etc/maildedup/dedup.conf; test -d /var/lib/maildedup/store; ! test -e /usr/sbin/maildedup")
    machine.must("apt-get purge --yes maildedup")
    machine.must("! test -e /etc/maildedup; ! test -e /var/lib/maildedup; ! getent passwd maildedup")
