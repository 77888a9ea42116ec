#!/usr/bin/python3
"""What the house asks of the sources beyond their format: python3 Scripts/lint"""
import sys

import access
import comments
import events
import layers
import sizes
import subjects


def main() -> int:
    """Prints what every check found, a line each."""
    total = 0
    for check in (layers, sizes, comments, access, events, subjects):
        found = list(check.findings())
        total += len(found)
        print(f"lint: {check.__name__}: {len(found) or 'no'} finding{'s' * (len(found) != 1)}")
        for finding in found:
            print(f"  {finding}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
