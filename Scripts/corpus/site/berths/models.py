from django.db import models


class Berth(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = 'berths'
