"""Makes the data that the tests use."""
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from shop.models import Order, Product, Shop


class Command(BaseCommand):
    """One shop, a few products, one customer with an order."""

    help = __doc__

    def handle(self, *args, **options):
        shop = Shop.objects.create(slug="main-street", name="Main Street")
        for number in range(1, 6):
            Product.objects.create(shop=shop, sku=f"lamp-{number}", name=f"Lamp {number}", price=number, stock=100)
        customer = get_user_model().objects.create_user("anna", "anna@customer.example", "correct horse")
        Order.objects.create(customer=customer, product=Product.objects.first(), quantity=2)
