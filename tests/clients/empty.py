"""Says whether anything of a fleet is left on a server, seen with boto3 alone.

    python tests/clients/empty.py URL FLEET [--json] [--kind NAME]...

Lists every object of every kind and prints those that carry the fleet's mark: the
tag `fleetctl:fleet`, the thing attribute `fleetctl.fleet`, or the IAM path
`/fleetctl/FLEET/`. With --json it prints every live object instead, whole, so that
two dumps show whether anything foreign was touched in between; `owned` marks the
fleet's. Exit code 0: nothing is left; 1: something is; 2: the server could not be read.
"""

import argparse
import json
import sys

import botocore.exceptions

import inventory
from endpoint import Endpoints, add_arguments


def survey(endpoints, fleet, names):
    """kind -> id -> everything known of the object, with `owned` telling by what mark."""
    found = {}
    for kind in inventory.KINDS:
        if names and kind.name not in names:
            continue
        live = found.setdefault(kind.name, {})
        for identifier, known in inventory.objects(endpoints, kind):
            live[identifier] = {**known, "owned": inventory.owner(known, fleet)}
    return found


def main(arguments):
    parser = argparse.ArgumentParser(description="Lists what a fleet left behind.")
    add_arguments(parser)
    parser.add_argument("fleet", metavar="FLEET")
    parser.add_argument("--json", action="store_true", help="print every live object, whole")
    parser.add_argument(
        "--kind",
        action="append",
        choices=[kind.name for kind in inventory.KINDS],
        metavar="NAME",
        help="only this kind; may be repeated",
    )
    options = parser.parse_args(arguments)
    try:
        found = survey(Endpoints(options), options.fleet, options.kind)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as cause:
        print(f"empty: {cause}", file=sys.stderr)
        return 2
    left = [
        (kind, identifier, known["owned"])
        for kind, live in found.items()
        for identifier, known in live.items()
        if known["owned"]
    ]
    if options.json:
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        for kind, identifier, mark in left:
            print(f"{kind} {identifier}: {mark}")
        total = sum(map(len, found.values()))
        print(f"{total} objects of {len(found)} kinds seen, {len(left)} of the fleet {options.fleet}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
