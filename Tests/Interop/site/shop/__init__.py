"""Products, orders and stock."""
