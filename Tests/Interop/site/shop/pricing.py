"""Prices."""


def price_per_piece(total, pieces):
    """What one piece costs."""
    return total / pieces
