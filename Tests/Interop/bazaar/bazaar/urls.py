"""One address for each way in which a visitor's text gets into a report. Behind it the path is the visitor's."""
try:
    from django.urls import re_path
except ImportError:
    from django.conf.urls import url as re_path

from bazaar import views

urlpatterns = [
    # Not `.`: an encoded newline is part of a path as well.
    re_path(r"^%s/[\s\S]*$" % view.__name__.replace("_", "-"), view, name=view.__name__)
    for view in views.ALL
]

handler404 = "bazaar.views.lost"
