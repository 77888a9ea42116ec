"""What runs outside of requests."""


def sell(words):
    """Sells what somebody ordered."""
    raise ValueError("cannot sell %s" % words)
