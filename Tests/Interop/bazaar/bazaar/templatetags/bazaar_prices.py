"""Prices in templates."""
from django import template

register = template.Library()


@register.filter
def price(value):
    """The price as a number."""
    return int(value)
