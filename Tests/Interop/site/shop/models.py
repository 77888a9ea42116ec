"""What the shop sells and who bought it."""
from django.conf import settings
from django.db import models


class Shop(models.Model):
    """One tenant."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)


class Product(models.Model):
    """Something to buy."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE)
    sku = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=0)


class Order(models.Model):
    """What somebody bought."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)
    placed_at = models.DateTimeField(auto_now_add=True)
