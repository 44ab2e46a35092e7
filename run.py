#!/usr/bin/env python3
"""The entry to every task of the project: `python3 run.py VERB [arguments]`.

Needs Python 3.11 and nothing else; each verb first sets up what it needs (scripts/) and does nothing twice. `make VERB` is the same.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older Python
    sys.exit(f"Gatebook needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from scripts import verbs


def main(arguments: list[str]) -> int:
    """Run one verb; return its exit code."""
    name = arguments[0] if arguments else "help"
    verb = verbs.ALL.get(name)
    if verb is None:
        if name not in ("help", "-h", "--help"):
            print(f"unknown: {name}\n", file=sys.stderr)
        print(verbs.usage(), file=sys.stderr)
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        return verb.run(arguments[1:])
    except verbs.SetupError as error:
        print(f"\nCannot go on: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
