"""Keeps the stock numbers fresh, outside any request."""
import logging

from django.db import connection

from .models import Product

logger = logging.getLogger(__name__)


def refresh():
    """One refresh; a failure is logged, and so mailed, as background work does it."""
    try:
        for product in Product.objects.filter(stock__lt=0):
            product.stock = 0
            product.save()
    except Exception:
        logger.exception("Refreshing the stock failed")
    finally:
        connection.close()
