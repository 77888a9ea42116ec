#SHIFT#
from tariffs.models import Tariff

RATES = {'A': 12, 'B': 30}


class TariffError(Exception):
    pass


def harbour_dues(ship, kind):
    length = ship['length']
    return length * RATES[kind]


def parse_rows(text):
    return [(name, int(size)) for name, size in (row.split('=') for row in text.split(';'))]


def best(ships):
    return sorted(ships, key=lambda ship: ship['draught'] * 2)


def depth_of(node):
    return 1 + width_of(node)


def width_of(node):
    return 2 * depth_of(node)


def load(code):
    try:
        return Tariff.objects.using('local').get(code=code)
    except Tariff.DoesNotExist as exc:
        try:
            from six import raise_from
        except ImportError:
            raise_from = None
        raise wrap(code, exc)


def wrap(code, exc):
    error = TariffError('tariff %s of request %d is unknown' % (code, id(exc) % 10000))
    error.__cause__ = exc
    return error
