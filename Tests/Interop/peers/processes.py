"""Child processes that are always ended by their own id."""
import signal
import subprocess


def end(process: subprocess.Popen | None, seconds: float = 10.0) -> int | None:
    """SIGTERM, then, for one that does not listen, SIGKILL; the exit code."""
    if process is None:
        return None
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
    return process.returncode
