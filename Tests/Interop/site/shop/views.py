"""The pages of the shop."""
import threading

from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.db.models import Sum
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import ListView

from . import pricing, stock
from .models import Order, Product


class Catalogue(ListView):
    """All products. The query runs late, inside the template."""

    template_name = "shop/catalogue.html"
    queryset = Product.objects.order_by("name")


def product(request, sku):
    """One product."""
    item = get_object_or_404(Product, sku=sku)
    return HttpResponse(f"{item.name}: {item.price}")


def search(request):
    """How many products match."""
    hits = Product.objects.filter(name__icontains=request.GET.get("q", "")).count()
    return HttpResponse(f"{hits} products")


def api_orders(request):
    """The last orders, for the app."""
    orders = Order.objects.select_related("product").order_by("-placed_at")[:20]
    return JsonResponse({"orders": [{"sku": o.product.sku, "quantity": o.quantity} for o in orders]})


async def api_stock(request):
    """What is in stock: an asynchronous view."""
    return JsonResponse({"products": await Product.objects.acount()})


def turnover(request):
    """A report in plain SQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(o.quantity * p.price) FROM shop_order o JOIN shop_product p ON p.id = o.product_id")
        return HttpResponse(str(cursor.fetchone()[0]))


@csrf_exempt
def add_to_basket(request, sku):
    """Reserves one piece."""
    with transaction.atomic():
        item = Product.objects.select_for_update().get(sku=sku)
        item.stock -= 1
        item.save()
    return HttpResponse("added")


@login_required
def account(request):
    """What the customer bought: session and user come first."""
    bought = Order.objects.filter(customer=request.user).aggregate(pieces=Sum("quantity"))
    return HttpResponse(f"{request.user}: {bought['pieces'] or 0}")


def shop_front(request, shop):
    """The front page of one tenant; the middleware has found it."""
    return HttpResponse(request.shop.name)


def refresh_stock(request):
    """Starts the refresh in the background and answers at once."""
    threading.Thread(target=stock.refresh, name="stock-refresh").start()
    return HttpResponse("started", status=202)


def quote(request):
    """A bug of its own, which needs no database."""
    return HttpResponse(str(pricing.price_per_piece(total=100, pieces=int(request.GET.get("pieces", "0")))))


def leaflet(request):
    """A template that does not compile."""
    return render(request, "shop/leaflet.html")


def ping(request):
    """Tells that the server is up, without the database."""
    return HttpResponse("pong")
