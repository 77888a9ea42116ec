"""Pages that go wrong. In each of them the visitor's words reach the report by another way."""
import json
import logging
import sys
import traceback

import psycopg
from django.core.exceptions import FieldError, SuspiciousOperation
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from . import database
from .models import Thing

logger = logging.getLogger("bazaar")


class ShopError(Exception):
    """An error of the bazaar's own."""


def words(request):
    """What the visitor asked for."""
    return request.GET.get("q", "")


def int_of_query(request):
    return HttpResponse(int(words(request)))


def int_of_form(request):
    return HttpResponse(int(request.POST.get("q", "")))


def json_of_body(request):
    return HttpResponse(json.loads(request.body.decode("utf-8"))["missing"])


def order(request):
    return HttpResponse(list(Thing.objects.order_by(words(request))))


def order_from(request):
    try:
        return HttpResponse(list(Thing.objects.order_by(words(request))))
    except FieldError as error:
        raise ShopError("cannot sort the catalogue") from error


def order_text_from(request):
    try:
        return HttpResponse(list(Thing.objects.order_by(words(request))))
    except FieldError as error:
        raise ShopError(str(error)) from error


def order_within(request):
    try:
        return HttpResponse(list(Thing.objects.order_by(words(request))))
    except FieldError:
        raise ShopError("sorted by %s" % words(request))


def three_links(request):
    try:
        try:
            raise ValueError(words(request))
        except ValueError as error:
            raise LookupError("no stall %s" % words(request)) from error
    except LookupError as error:
        raise ShopError("closed: %s" % error) from error


def value(request):
    raise ValueError(words(request))


def own_error(request):
    raise ShopError(words(request))


def system_error(request):
    raise OSError(words(request))


def connection_error(request):
    raise ConnectionError(words(request))


def key(request):
    return HttpResponse({"sofa": 1}["key " + words(request)])


def missing_thing(request):
    return HttpResponse(Thing.objects.get(name=words(request)).price)


def missing_file(request):
    with open("/nonexistent/" + words(request).replace("\0", "")) as file:
        return HttpResponse(file.read())


def template_value(request):
    return render(request, "bazaar/price.html", {"text": words(request)})


def template_name(request):
    return HttpResponse(render_to_string("bazaar/" + words(request)))


def template_include(request):
    return render(request, "bazaar/frame.html", {"name": "bazaar/" + words(request)})


def suspicious(request):
    raise SuspiciousOperation("no good: " + words(request))


def sqlite(request):
    with connection.cursor() as cursor:
        cursor.execute('SELECT price FROM "%s"' % words(request).replace('"', "").replace("\0", ""))
        return HttpResponse(cursor.fetchall())


def data_error(request):
    error = psycopg.DataError(
        'invalid input syntax for type integer: "%s"\nLINE 1: ...WHERE price = \'%s\'\n' % ((words(request),) * 2))
    database.query("SELECT 1", error)


def outage_slots(request):
    database.query("SELECT 1", psycopg.OperationalError(
        'connection failed: connection to server at "10.0.0.7", port 5432 failed: FATAL:  remaining connection slots '
        "are reserved for roles with the SUPERUSER attribute"))


def outage_server(request):
    database.query("SELECT 1", psycopg.OperationalError(
        'connection failed: connection to server at "10.0.0.7", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?"))


def logged(request):
    logger.error("Cannot sell %s", words(request))
    return HttpResponse("logged")


def logged_exception(request):
    try:
        int(words(request))
    except ValueError:
        logger.exception("Cannot sell %s", words(request))
    return HttpResponse("logged")


def logged_traceback(request):
    try:
        raise ValueError(words(request))
    except ValueError:
        logger.error(traceback.format_exc())
    return HttpResponse("logged")


def logged_chain(request):
    try:
        try:
            raise ValueError(words(request))
        except ValueError as error:
            raise ShopError("closed") from error
    except ShopError:
        logger.error(traceback.format_exc())
    return HttpResponse("logged")


def worker(request):
    try:
        raise ValueError(words(request))
    except ValueError:
        logging.getLogger("worker").exception("job failed")
    return HttpResponse("logged")


def worker_says(request):
    try:
        int(words(request))
    except ValueError:
        logging.getLogger("worker").exception("job failed for %s", words(request))
    return HttpResponse("logged")


def note(request):
    error = ValueError("no such stall")
    error.add_note("asked for " + words(request))
    raise error


def group(request):
    raise ExceptionGroup("stalls " + words(request), [ValueError(words(request)), KeyError(words(request))])  # noqa: F821


def upload(request):
    file = list(request.FILES.values())[0]
    raise ValueError("cannot read " + file.name)


def read_upload(request):
    return HttpResponse(len(request.FILES) // 0)


def crash(request):
    """Nothing of the visitor's in the exception: what he wrote stands in the request only."""
    return HttpResponse({}["stall"])


def lost(request, exception=None):
    """The page for what is not found, which breaks itself."""
    return HttpResponse({}["map"])


ALL = [
    int_of_query, int_of_form, json_of_body, order, order_from, order_text_from, order_within, three_links, value,
    own_error, system_error, connection_error, key, missing_thing, missing_file, template_value, template_name,
    template_include, suspicious, sqlite, data_error, outage_slots, outage_server, logged, logged_exception,
    logged_traceback, logged_chain, worker, worker_says, upload, read_upload, crash]

if sys.version_info >= (3, 11):
    ALL += [note, group]

try:
    from .asynchronous import value_later
    from django.core.handlers.asgi import ASGIHandler  # noqa: F401
    import django
    if django.VERSION >= (3, 1):
        ALL.append(value_later)
except ImportError:
    pass
