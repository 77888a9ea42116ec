"""A small online shop: the Django project whose outage the relay has to survive."""
