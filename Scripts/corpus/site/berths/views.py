#SHIFT#
import logging

from django.contrib.auth import authenticate
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import render

from berths.models import Berth
from tariffs import rates

log = logging.getLogger('berths.import')

ALL = ['index', 'login', 'berth', 'dues', 'quote', 'upload', 'ranking', 'tree', 'price', 'fallback', 'nothing', 'invoice',
       'link', 'archive', 'plugin', 'broken', 'param', 'log_import', 'log_weather', 'upstream', 'template_error', 'host']


def index(request):
    return HttpResponse('%d berths' % Berth.objects.count())


def login(request):
    return HttpResponse(str(authenticate(request, username=request.GET.get('u'), password='x')))


def berth(request):
    found = Berth.objects.get(pk=request.GET.get('id', 1))
    return HttpResponse(found.name)


def dues(request):
    return HttpResponse(str(rates.harbour_dues({'length': 12}, request.GET['kind'])))


def quote(request):
    total = sum(rates.harbour_dues(ship, request.GET['kind']) for ship in [{'length': 3}, {'length': 4}])
    return HttpResponse(str(total))


def upload(request):
    return HttpResponse(str(rates.parse_rows(request.GET['rows'])))


def ranking(request):
    return HttpResponse(str(rates.best([{'draught': 3}, {'name': 'no draught'}])))


def tree(request):
    return HttpResponse(str(rates.depth_of(None)))


def price(request):
    return HttpResponse(str(rates.load(request.GET['code'])))


def fallback(request):
    try:
        kind = {'x': 1}[request.GET['kind']]
    except KeyError:
        kind = None
        return HttpResponse(kind.upper())
    return HttpResponse(str(kind))


def nothing(request):
    Berth()


def invoice(request):
    return render(request, 'berths/invoice.html', {'berth': Berth(name='x')})


def link(request):
    return render(request, 'berths/link.html', {'id': request.GET.get('id')})


def archive(request):
    return HttpResponse(str(list(Berth.objects.using('local').raw('SELECT id FROM berths_archive_2019'))))


def plugin(request):
    import tariffs.plugins_for_customs
    return HttpResponse(tariffs.plugins_for_customs.NAME)


def broken(request):
    from tariffs import unfinished
    return HttpResponse(unfinished.NAME)


def param(request):
    return HttpResponse(request.GET['missing'])


def log_import(request):
    log.error('Import of %s stopped after %d rows (file %s)', 'lloyds', 17 + len(request.GET.get('n', '')), '/srv/in/%s.csv' % request.GET.get('n', ''))
    return HttpResponse('logged')


def log_weather(request):
    log.error('No weather for station %s since 2025-03-0%d 12:00:03', request.GET.get('n', ''), len(request.GET.get('n', '')))
    return HttpResponse('logged')


def upstream(request):
    import requests
    return HttpResponse(requests.get('http://127.0.0.1:9/v1/ships/%s' % request.GET.get('n', '')).text)


def template_error(request):
    return render(request, 'berths/broken_block.html', {})


def host(request):
    return HttpResponse(request.get_host())
