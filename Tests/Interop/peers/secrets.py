"""What TLS and login need: a certificate and a file of users, made by the openssl command."""
import os
import subprocess
from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and 127.0.0.1 that signs itself, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "30", "-keyout", str(key), "-out", str(cert), "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def users(folder: Path, **passwords: str) -> Path:
    """A file of users that only its owner reads."""
    path = folder / "users"
    lines = []
    for name, password in passwords.items():
        made = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
        lines.append(f"{name}:{made.stdout.strip()}\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as file:
        file.write("".join(lines))
    return path
