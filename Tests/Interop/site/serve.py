#!/usr/bin/env python3
"""Serves the storefront with waitress: `serve.py PORT [THREADS]`."""
import sys

import waitress

from storefront.wsgi import application

if __name__ == "__main__":
    waitress.serve(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        threads=int(sys.argv[2]) if len(sys.argv) > 2 else 8,
    )
