"""Middleware of the project: finds the shop that a request is for, as many multi-tenant sites do."""
from django.shortcuts import get_object_or_404

from shop.models import Shop


class CurrentShop:
    """Puts `request.shop` on requests below /shops/, before any view runs."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.shop = self.find_shop(request.path)
        return self.get_response(request)

    def find_shop(self, path):
        """The shop named in the path; None elsewhere."""
        parts = path.strip("/").split("/")
        if len(parts) < 2 or parts[0] != "shops":
            return None
        return get_object_or_404(Shop, slug=parts[1])
