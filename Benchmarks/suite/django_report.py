"""Prints one error mail as the Django of this Python sends it: text alone, or with `page` both, some 80 kB."""
import logging
import sys

import django
from django.conf import settings
from django.core import mail
from django.test import RequestFactory
from django.utils.log import AdminEmailHandler

urlpatterns = []
LONG = {f"article-{number}": {"title": "ham and eggs " * 6, "stock": number} for number in range(28)}


def kindword(basket):
    """The frame of which each kind of mail has another name."""
    rows = [basket[name] for name in sorted(basket)]
    total = sum(row["stock"] for row in rows)
    return rows[total]


def order(request):
    """A view."""
    basket = dict(LONG)
    return kindword(basket)


def reserved(request):
    """Others, so that there is something to read."""
    basket, stock = dict(LONG), dict(LONG)
    return order(request), basket, stock


def checkout(request):
    """What the request asked for."""
    basket, currency = dict(LONG), "EUR"
    return reserved(request), basket, currency


def main() -> None:
    """Lets the handler of Django's own logging write the mail."""
    settings.configure(
        ROOT_URLCONF=__name__, ADMINS=[("Admin", "admins@shop.example")], DEBUG=False, SECRET_KEY="of no use", USE_TZ=True,
        SERVER_EMAIL="django@shop.example", EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
    django.setup()
    mail.outbox = []
    request = RequestFactory().get("/order/", {"basket": "17"}, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64)")
    try:
        checkout(request)
    except IndexError:
        record = logging.LogRecord(
            "django.request", logging.ERROR, __file__, 1, "Internal Server Error: %s", ("/order/",), sys.exc_info())
        record.request, record.status_code = request, 500
        AdminEmailHandler(include_html="page" in sys.argv).emit(record)
    sys.stdout.buffer.write(mail.outbox[0].message().as_bytes(linesep="\r\n"))


if __name__ == "__main__":
    main()
