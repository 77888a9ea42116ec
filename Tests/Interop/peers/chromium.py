"""A browser without a window, told what to do over a pair of pipes (Chrome DevTools Protocol)."""
import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

from . import processes

# Debian's names, the smaller package first.
NAMES = ("chromium-headless-shell", "chromium")


class Chromium:
    """One page in one browser. It has no network: whatever a page would fetch, it does not get."""

    def __init__(self, profile: Path, seconds: float = 60):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        assert program, "no Chromium here: run `Scripts/setup test`"
        self.deadline = seconds
        self.last = 0
        self.buffer = b""
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
                 "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        # It reads from descriptor 3 and writes to 4, whatever the numbers are here.
        wrapper = ["bash", "-c", f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}', program]
        self.process = subprocess.Popen(
            [*wrapper, *flags], pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def open(self, html: str, width: int, dark: bool) -> None:
        """Shows a document in a window of that width, to somebody who prefers that scheme."""
        self._page("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._page("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        frame = self._page("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._page("Page.setDocumentContent", frameId=frame, html=html)

    def ask(self, script: str):
        """The value of a JavaScript expression in the page."""
        answer = self._page("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, path: Path, width: int = 0, height: int = 0) -> None:
        """The whole page as a PNG, or its top left corner."""
        clip = {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}} if height else {}
        answer = self._page("Page.captureScreenshot", format="png", captureBeyondViewport=True, **clip)
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """Ends the browser."""
        os.close(self.commands)
        processes.end(self.process)
        os.close(self.answers)

    def _page(self, method: str, **parameters) -> dict:
        return self._ask(method, self.session, **parameters)

    def _ask(self, method: str, session: str = "", **parameters) -> dict:
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _next(self) -> bytes:
        """One message, up to the NUL that ends it."""
        end = time.monotonic() + self.deadline
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            assert ready, f"Chromium says nothing for {self.deadline} s"
            piece = os.read(self.answers, 1 << 20)
            assert piece, f"Chromium ended: {self.process.poll()}"
            self.buffer += piece
        message, _, self.buffer = self.buffer.partition(b"\0")
        return message
