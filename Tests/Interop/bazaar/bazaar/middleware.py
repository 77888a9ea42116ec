"""Middleware of the bazaar."""


class Visitor:
    """Somebody who chose a name."""

    is_authenticated = True

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


class NamedVisitor:
    """Puts a user on each request that gives a name, as a login does whose usernames are free text."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "HTTP_X_VISITOR" in request.META:
            request.user = Visitor(request.META["HTTP_X_VISITOR"].replace("|", "\n"))
        return self.get_response(request)
