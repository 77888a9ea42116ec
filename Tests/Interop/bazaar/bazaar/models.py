"""What the bazaar sells."""
from django.db import models


class Thing(models.Model):
    """Something to buy."""

    name = models.CharField(max_length=100)
    price = models.IntegerField(default=0)
