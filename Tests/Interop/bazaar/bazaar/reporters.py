"""Reports in the site's own words, as large sites make them: without the settings, which are secret there."""
from django.template import Context, Engine
from django.views.debug import ExceptionReporter

# The traceback as Django prints it.
_TRACEBACK = """{% if exception_type %}
Traceback (most recent call last):
{% for frame in frames %}{% ifchanged frame.exc_cause %}{% if frame.exc_cause %}
{% if frame.exc_cause_explicit %}The above exception ({{ frame.exc_cause }}) was the direct cause of the following exception:{% else %}During handling of the above exception ({{ frame.exc_cause }}), another exception occurred:{% endif %}
{% endif %}{% endifchanged %}{% if frame.filename %}  File "{{ frame.filename }}"{% if frame.context_line %}, line {{ frame.lineno }}{% endif %}, in {{ frame.function }}
    {% spaceless %}{{ frame.context_line }}{% endspaceless %}
{% endif %}{% endfor %}
Exception Type: {{ exception_type }}{% if request %} at {{ request.path_info }}{% endif %}
{% if exception_value %}Exception Value: {{ exception_value }}{% endif %}{% endif %}
"""

_HEAD = """{% firstof exception_type 'Report' %}{% if request %} at {{ request.path_info }}{% endif %}
{% firstof exception_value 'No exception message supplied' %}
"""

SHORT = _HEAD + """{% if request %}
Request Method: {{ request.META.REQUEST_METHOD }}
Request URL: {{ request_insecure_uri }}{% endif %}
Django Version: {{ django_version_info }}
Python Version: {{ sys_version_info }}
Server time: {{server_time|date:"r"}}
""" + _TRACEBACK + """{% if request %}Request information:
GET:{% for k, v in request_GET_items %}
{{ k }} = {{ v|stringformat:"r" }}{% empty %} No GET data{% endfor %}
{% else %}Request data not supplied
{% endif %}"""

BARE = _HEAD + _TRACEBACK


class ShortReporter(ExceptionReporter):
    """Without the settings."""

    text = SHORT

    def get_traceback_text(self):
        data = Context(self.get_traceback_data(), autoescape=False, use_l10n=False)
        return Engine(debug=True).from_string(self.text).render(data)


class BareReporter(ShortReporter):
    """Nothing but the error."""

    text = BARE
