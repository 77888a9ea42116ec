from tariffs import rates


class TenantMiddleware(object):
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if 'HTTP_X_TENANT' in request.META:
            request.tenant = rates.Tariff.objects.get(code=request.META['HTTP_X_TENANT'])
        response = self.get_response(request)
        return response
