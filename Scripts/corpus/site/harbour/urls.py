try:
    from django.urls import re_path
except ImportError:
    from django.conf.urls import url as re_path
from berths import views

urlpatterns = [re_path('^%s/$' % name.replace('_', '-'), getattr(views, name)) for name in views.ALL]
