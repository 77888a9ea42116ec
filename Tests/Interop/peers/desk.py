"""The desk of an admin: a relay that is installed as the package does it, and the commands of the machine at hand.

The documents are written for a machine with systemd and sudo. Here `systemctl` is a few lines that start and stop the
relay, `sudo` runs what it is given, and the folders of the package are below one of the test.
"""
import os
import stat
import subprocess
from pathlib import Path

from .relay import Relay, binary
from .waiting import until

_SYSTEMCTL = """#!/bin/sh
# systemctl VERB maildedup.service, for the one service of this desk.
set -eu
[ "${2:-}" = maildedup.service ]
running() { [ -s "$DESK/pid" ] && kill -0 "$(cat "$DESK/pid")" 2>/dev/null; }
stop() { ! running || { kill -TERM "$(cat "$DESK/pid")"; while running; do sleep 0.05; done; }; }
start() {
  maildedup --config "$DESK/dedup.conf" </dev/null >>"$DESK/relay.log" 2>&1 &
  echo $! >"$DESK/pid"
  for _ in $(seq 100); do ! dedupctl ping >/dev/null 2>&1 || return 0; sleep 0.1; done
  return 1
}
case $1 in
start) start ;; stop) stop ;; restart) stop; start ;; reload) kill -HUP "$(cat "$DESK/pid")" ;; status) running ;;
*) echo "systemctl: $1 is not known at this desk" >&2; exit 1 ;;
esac
"""
_TOOLS = {
    "systemctl": _SYSTEMCTL,
    "sudo": '#!/bin/sh\n[ "$1" != -u ] || shift 2\nexec "$@"\n',
    "journalctl": '#!/bin/sh\ncat "$DESK/relay.log"\n',
    # What the terminal would ask for.
    "openssl": '#!/bin/sh\ncase $1 in\nreq) exec /usr/bin/openssl "$@" -passout pass:secret ;;\n'
               'cms) exec /usr/bin/openssl "$@" -passin pass:secret ;;\n*) exec /usr/bin/openssl "$@" ;;\nesac\n',
}


class Desk:
    """A working folder, the tools, and a relay that `systemctl` starts."""

    def __init__(self, relay: Relay, folder: Path):
        self.relay = relay
        self.folder = folder
        self._tools = folder / "tools"
        self._tools.mkdir(parents=True)
        for name, text in _TOOLS.items():
            self._tool(name, text)
        for name in ["maildedup", "dedupctl"]:
            (self._tools / name).symlink_to(binary(name))
        # As in a checkout, for the commands of the README.
        (folder / ".build").mkdir()
        (folder / ".build" / "debug").symlink_to(Path(binary("dedupctl")).parent)
        (folder / "var").symlink_to(relay.folder / "lib")

    def _tool(self, name: str, text: str) -> None:
        path = self._tools / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, script: str) -> subprocess.CompletedProcess:
        """Runs the lines of a document, each of which has to succeed."""
        environment = dict(
            os.environ, PATH=f"{self._tools}:{os.environ['PATH']}", HOME=str(self.folder), DESK=str(self.relay.folder),
            MAILDEDUP_CONFIG=str(self.relay.config))
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", self.here(script)], cwd=self.folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def here(self, text: str) -> str:
        """The same with the paths and the port of this desk."""
        for theirs, ours in [("/var/lib/maildedup", f"{self.relay.folder}/lib"), ("/etc/maildedup", self.relay.folder), ("/run/maildedup", self.relay.folder),
                             ("2525", self.relay.port)]:
            text = text.replace(theirs, str(ours))
        return text

    def start(self) -> None:
        """Starts the relay."""
        done = self.run("systemctl start maildedup.service")
        assert done.returncode == 0, done.stdout + self.relay.output()

    def stop(self) -> None:
        """Ends it, if it runs."""
        self.run("systemctl stop maildedup.service")

    def wait_drained(self) -> None:
        """Waits until nothing waits for delivery."""
        until(lambda: self.relay.status()["queue"]["waiting"] == 0, "the queue is empty")
