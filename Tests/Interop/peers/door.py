"""A relay that offers TLS and login, and what a client has to know of it."""
from dataclasses import dataclass
from pathlib import Path

from . import secrets
from .relay import Relay
from .sink import Arrival, Sink
from .waiting import free_port

USER, PASSWORD = "anna", "correct horse"


@dataclass
class Door:
    """The relay, its sink, and the certificate to trust."""

    relay: Relay
    sink: Sink
    tls_port: int
    cert: Path
    folder: Path

    def port(self, implicit: bool) -> int:
        """Where TLS begins with the first octet, or where STARTTLS asks for it."""
        return self.tls_port if implicit else self.relay.port

    def arrived(self, transmission: str, look=lambda arrival: True) -> Arrival:
        """The one mail that `look` knows came, by this transmission."""
        [arrival] = self.sink.wait_for(look, "the mail")
        assert f" with {transmission} id " in " ".join(str(arrival.message["Received"]).split())
        return arrival


def open_door(workshop, folder: Path, networks: str) -> Door:
    """Starts a relay with TLS and a user; clients from `networks` need no login."""
    sink = workshop.sink()
    cert, key = secrets.certificate(folder)
    tls_port = free_port()
    relay = workshop.relay(sink, overrides={
        "listener": {"tls-address": f"127.0.0.1:{tls_port}"}, "tls": {"certificate": str(cert), "key": str(key)},
        "auth": {"users": str(secrets.users(folder, **{USER: PASSWORD}))}, "access": {"networks": networks}}).start()
    return Door(relay, sink, tls_port, cert, folder)
