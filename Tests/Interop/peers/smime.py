"""Somebody who reads encrypted mail: a certificate, and the openssl command as the mail client."""
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

RSA = ["-newkey", "rsa:2048"]
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


def _run(*command: str, given: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *command], input=given, capture_output=True, timeout=30)


@dataclass
class Admin:
    """One reader, with a key of RSA or on an elliptic curve; `days` from `begin` the certificate ends."""

    folder: Path
    name: str
    key: list[str]
    days: float = 365
    begin: float = -1

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / f"{self.name}.pem"
        self._secret = self.folder / f"{self.name}.key"
        request = self.folder / f"{self.name}.csr"
        made = _run("req", *self.key, "-nodes", "-keyout", str(self._secret), "-subj", f"/O=Shop/CN={self.name}",
                    "-out", str(request))
        assert made.returncode == 0, made.stderr
        self._sign(request)

    def _sign(self, request: Path) -> None:
        """`openssl x509` cannot choose the hour of the beginning; `openssl ca` can, and wants some files."""
        for file, text in {"index": "", "index.attr": "unique_subject = no\n", "serial": "01\n", "ca.conf": (
                "[ca]\ndefault_ca = d\n[d]\n"
                f"database = {self.folder}/index\nserial = {self.folder}/serial\nnew_certs_dir = {self.folder}\n"
                "default_md = sha256\npolicy = p\n[p]\norganizationName = optional\ncommonName = supplied\n")}.items():
            (self.folder / file).write_text(text)
        now = datetime.now(UTC)
        begin, end = (f"{now + timedelta(days=days):%Y%m%d%H%M%SZ}" for days in (self.begin, self.days))
        signed = _run("ca", "-batch", "-notext", "-config", str(self.folder / "ca.conf"), "-selfsign", "-keyfile",
                      str(self._secret), "-in", str(request), "-startdate", begin, "-enddate", end,
                      "-out", str(self.certificate))
        assert signed.returncode == 0, signed.stderr

    def read(self, mail: bytes) -> bytes:
        """The content of an encrypted mail, as it was before; it fails for mail that this reader cannot read."""
        done = _run("cms", "-decrypt", "-binary", "-inform", "SMIME", "-recip", str(self.certificate), "-inkey",
                    str(self._secret), given=mail)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout
