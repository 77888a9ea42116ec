"""Every page is another way to need the database."""
from django.urls import include, path

from shop import views

urlpatterns = [
    path("", views.Catalogue.as_view(), name="catalogue"),
    path("products/<slug:sku>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("api/orders/", views.api_orders, name="api-orders"),
    path("api/stock/", views.api_stock, name="api-stock"),
    path("reports/turnover/", views.turnover, name="turnover"),
    path("basket/add/<slug:sku>/", views.add_to_basket, name="add-to-basket"),
    path("account/", views.account, name="account"),
    path("shops/<slug:shop>/", views.shop_front, name="shop-front"),
    path("stock/refresh/", views.refresh_stock, name="refresh-stock"),
    path("quote/", views.quote, name="quote"),
    path("leaflet/", views.leaflet, name="leaflet"),
    path("ping/", views.ping, name="ping"),
    path("accounts/", include("django.contrib.auth.urls")),
]
