"""With MAILERS (Django 6.1) an SMTP failure in AdminEmailHandler takes the visitor's error page away. Whatever happens
to the relay, the disk, the database and the smarthost: every visitor gets the page that he gets without a relay, and no
mail is lost."""
import random
import smtplib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from conftest import Workshop
from peers.gunicorn import PACKAGES, Page, ShopOfToday
from peers.ledger import letter
from peers.manager import Manager, listening
from peers.quicksink import QuickSink
from peers.relay import Relay
from peers.waiting import pause, until

pytestmark = pytest.mark.skipif(not PACKAGES.exists(), reason="no Python 3.12 with Django 6.1 and gunicorn on it")

# A page may come later than without a relay, but never by what an upstream takes.
LATEST = 10.0


@pytest.fixture(scope="module")
def pages(peers) -> dict[str, Page]:
    """What visitors get without any mail."""
    shop = ShopOfToday(peers.folder / "alone", 0).start()
    try:
        return {"/crash/": shop.get("/crash/1/"), "/lost/": shop.get("/lost/")}
    finally:
        shop.stop()


class Scene:
    """A relay under a service manager, a shop in front of it and a sink behind it."""

    def __init__(self, workshop: Workshop, pages: dict[str, Page], **settings):
        self.pages, self.numbers = pages, count(1)
        self.sink = QuickSink().start()
        workshop.endings.append(self.sink.stop)
        self.socket = listening()
        self.relay: Relay = workshop.relay(self.sink, **settings)
        self.relay.port = self.socket.getsockname()[1]
        self.relay.write_config()
        self.manager = Manager(self.relay, self.socket)
        self.manager.start()
        self.shop = ShopOfToday(workshop.folder / "shop", self.relay.port).start()
        workshop.endings.append(self.shop.stop)
        self.orders: list[int] = []
        self.crashes = 0

    def visit(self, rounds: int = 4) -> None:
        """Crashes, lost pages and orders at once; all pages are as they should be."""
        for _ in range(rounds):
            numbers = [next(self.numbers) for _ in range(12)]
            wanted = [("/crash/", f"/crash/{number}/") for number in numbers[:4]]
            wanted += [("/lost/", "/lost/") for _ in numbers[4:8]]
            orders = numbers[8:]
            begun = time.monotonic()
            got = self.shop.crowd([path for _, path in wanted] + [f"/order/{number}/" for number in orders])
            assert time.monotonic() - begun < LATEST, "visitors waited for more than the relay"
            for (kind, _), page in zip(wanted, got):
                assert page == self.pages[kind], f"{kind} is another page: {page}\n{self.relay.output()[-2000:]}"
            assert all(page == Page(200, "ordered") for page in got[len(wanted):]), got[len(wanted):]
            self.orders += orders
            self.crashes += 4

    def during(self, disturbance) -> None:
        """Visits while something happens in another thread."""
        other = threading.Thread(target=disturbance)
        other.start()
        while other.is_alive():
            self.visit(1)
        other.join()

    def check(self) -> None:
        """Each order came, and each crash was counted or came."""
        until(lambda: self.ordered() >= len(self.orders), "all orders arrive", 60)
        assert self.ordered() == len(self.orders)

    def ordered(self) -> int:
        """Orders that arrived, each once."""
        return len({mail.raw.split(b"Subject: Order ")[1].split(b"\r\n")[0]
                    for mail in self.sink.taken if b"Subject: Order " in mail.raw})


def test_restarts_and_reloads(workshop: Workshop, pages):
    """The manager holds the socket: who comes meanwhile waits for the next process."""
    scene = Scene(workshop, pages)
    scene.visit()

    def restart() -> None:
        for _ in range(2):
            assert scene.relay.stop() == 0
            scene.manager.start()
            scene.relay.dedupctl("reload")

    scene.during(restart)
    scene.visit()
    scene.check()
    total = sum(row["total"] for row in scene.relay.errors())
    assert total == scene.crashes, (total, scene.crashes)


def test_a_smarthost_that_hangs(workshop: Workshop, pages):
    """Nobody waits for it."""
    scene = Scene(workshop, pages)
    scene.sink.hold()
    scene.visit()
    scene.sink.release()
    scene.check()


def test_a_full_disk(workshop: Workshop, pages, small_disk: Path):
    """Database and spool have no room: mail goes straight to the smarthost."""
    scene = Scene(workshop, pages, store=small_disk / "store",
                  overrides={"store": {"directory": str(small_disk / "store"), "spool": str(small_disk / "spool")}})
    scene.visit(1)
    filler = small_disk / "filler"
    with open(filler, "wb") as file:
        try:
            while True:
                file.write(b"x" * 65_536)
                file.flush()
        except OSError:
            pass
    scene.visit()
    filler.unlink()
    scene.visit(1)
    scene.check()


def test_a_database_that_is_damaged(workshop: Workshop, pages):
    """It is replaced while visitors come; those who have sent wait for it."""
    scene = Scene(workshop, pages)
    scene.visit(2)
    path = scene.relay.store / "dedup.sqlite"
    dice = random.Random(1)

    def damage() -> None:
        with open(path, "r+b") as file:
            for _ in range(200):
                file.seek(dice.randrange(max(1, path.stat().st_size - 64)))
                file.write(bytes(64))
        pause(2)

    scene.during(damage)
    scene.visit(2)
    scene.check()


def test_two_thousand_at_once(workshop: Workshop, relay, sink):
    """More clients than there are places: all wait for one and are served, none hears 421."""
    with ThreadPoolExecutor(max_workers=2000) as crowd:
        gate = threading.Barrier(2000, timeout=120)

        def send(number: int) -> int:
            gate.wait()
            with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as client:
                client.sendmail("shop@shop.example", ["customer@example.org"], letter(f"m{number}").data)
            return number

        assert sorted(crowd.map(send, range(2000))) == list(range(2000))
    relay.wait_drained(120)
    assert relay.status()["totals"]["passed"] == 2000
