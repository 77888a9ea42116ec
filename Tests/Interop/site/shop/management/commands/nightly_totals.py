"""The nightly job."""
import logging

from django.core.management.base import BaseCommand
from django.db import connection

from shop.models import Order

logger = logging.getLogger("shop.totals")


class Command(BaseCommand):
    """Counts the orders, several times if told so, as a job that is started again and again."""

    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--times", type=int, default=1)

    def handle(self, *args, times, **options):
        for _ in range(times):
            try:
                self.stdout.write(f"{self.count()} orders")
            except Exception:
                logger.exception("Counting the orders failed")

    def count(self):
        """Connects anew each time, as each start of the job does."""
        connection.close()
        return Order.objects.count()
