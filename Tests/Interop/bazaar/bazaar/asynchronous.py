"""A page that goes wrong in an event loop."""


async def value_later(request):
    raise ValueError(request.GET.get("q", ""))
