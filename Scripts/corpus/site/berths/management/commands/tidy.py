#SHIFT#
from django.core.management.base import BaseCommand

from berths.models import Berth
from tariffs import rates


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument('--kind')

    def handle(self, **options):
        if options['kind']:
            self.stdout.write(str(rates.harbour_dues({'length': 2}, options['kind'])))
        else:
            Berth.objects.filter(name='').delete()
