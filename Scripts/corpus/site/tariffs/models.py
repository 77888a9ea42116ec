from django.db import models


class Tariff(models.Model):
    code = models.CharField(max_length=20)
    percent = models.IntegerField(default=0)

    class Meta:
        app_label = 'tariffs'
