#!/usr/bin/env python3
"""Django's command line of the storefront."""
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
