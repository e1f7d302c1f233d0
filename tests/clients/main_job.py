"""The main job: a whole fleet applied, read back with boto3, and destroyed.

    python tests/clients/main_job.py FLEETCTL
    python tests/clients/main_job.py FLEETCTL --elsewhere URL --deviations FILE.json

Applies examples/factory-fleet to a sandbox that it starts, or that --sandbox names; with
--elsewhere to two servers at once: AWS IoT and the tagging index at that sandbox, the
other services at the server at URL, which somebody else wrote. Then it expects that

- a plan shows no change,
- boto3 reads every object with the values of recipe.json, and the function's own files,
- no object carries the fleet's mark that recipe.json does not know,
- after destroy nothing carries the mark, and what was there before is as it was.

--deviations names where the other server differs from AWS, each with a reason:

    {"sandbox": [{"service": "lambda", "reason": "…"}],
     "exclude": [{"glob": "dashboards.*", "reason": "…"}],
     "reads": [{"service": "cloudwatch", "operation": "GetDashboard", "params": {…},
                "expressions": ["(the call)"], "reason": "…"}]}

A service under `sandbox` stays at the sandbox; `exclude` is left out of the fleet; a read
under `reads` mismatches in just these expressions. One that does not is an error too, so
that the file cannot grow old. --deviations may be repeated. Exit code 0: all holds.
"""

import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import zipfile
from contextlib import nullcontext

import botocore.exceptions

import empty
import foreign
import readback
import sandbox
from endpoint import Endpoints, plain

HERE = pathlib.Path(__file__).resolve().parent
SPEC = HERE.parent.parent / "examples" / "factory-fleet"
CODE = SPEC / "functions" / "remediation"
FLEET = "factory"
ACCOUNT = "000000000000"
REGION = "us-east-1"
# A job of 24 objects takes seconds; the waits in it go by the sandbox's clock.
COMMAND_SECONDS = 180


class Failed(Exception):
    """Something does not hold; the message says what."""


class Job:
    """One run against one pair of servers; the same server twice for the sandbox alone."""

    def __init__(self, fleetctl, environment, url, elsewhere, deviations):
        self._fleetctl, self._environment = fleetctl, environment
        self._url, self._elsewhere = url, elsewhere
        self._excluded = [entry["glob"] for entry in deviations["exclude"]]
        self._known = {_key(entry): set(entry["expressions"]) for entry in deviations["reads"]}
        here = ["iot", *(entry["service"] for entry in deviations["sandbox"])] if elsewhere else []
        self._here = [f"{service}={url}" for service in here]
        self._reads = readback.load(HERE / "recipe.json")
        stale = self._known.keys() - {_key(read) for read in self._reads}
        if stale:
            raise Failed(f"a deviation names a read that recipe.json has not: {min(stale)}")
        options = {"region": REGION, "account": ACCOUNT}
        self._live = Endpoints(types.SimpleNamespace(url=elsewhere or url, endpoint=self._here, **options))
        self._sandbox = Endpoints(types.SimpleNamespace(url=url, endpoint=[], **options))

    def run(self):
        if self._elsewhere:
            foreign.make_roles_known(self._sandbox, self._reads)
        foreign.make(self._live, lambda: sandbox.advance(self._url))
        before = self._survey()
        _none_owned(before, "before apply")
        self._command("apply", "--auto-approve")
        self._command("plan", "--detailed-exitcode")
        self._read_back()
        self._all_known(self._survey())
        self._code()
        self._command("destroy", "--auto-approve")
        after = self._survey()
        _none_owned(after, "after destroy")
        _unchanged(before, after)

    def _command(self, *arguments):
        where = ["--endpoint-url", self._elsewhere or self._url]
        if self._elsewhere:
            where += [part for given in [*self._here, f"tagging={self._url}"] for part in ("--endpoint", given)]
            # The sandbox's index knows nothing of the other server's objects.
            where += ["--full-scan"]
        where += [part for glob in self._excluded for part in ("--exclude", glob)]
        with sandbox.time_passing(self._url):
            done = subprocess.run(
                [self._fleetctl, *arguments, *where, SPEC],
                check=False,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_SECONDS,
            )
        if done.returncode != 0:
            raise Failed(f"fleetctl {arguments[0]} ended with {done.returncode}:\n{done.stdout}")
        said = [line for line in done.stdout.splitlines() if line and not line.startswith("Next:")]
        print(f"  {arguments[0]}: {said[-1]}", flush=True)

    def _survey(self):
        found = empty.survey(self._live, FLEET, None)
        # A singleton has no mark and is in no listing.
        audit = self._live.client("iot").describe_account_audit_configuration()
        return {**found, "audit": {"": {**plain(audit), "owned": None}}}

    def _read_back(self):
        wrong, values = [], 0
        for read in self._reads:
            mismatches, compared = readback.compare(self._live, read)
            values += compared
            found = {expression: (expected, value) for expression, expected, value in mismatches}
            known = self._known.get(_key(read), set())
            wrong += [
                f"{_key(read)} {name}: expected {want}, found {value}"
                for name, (want, value) in found.items()
                if name not in known
            ]
            wrong += [f"{_key(read)} {name}: is as on AWS, so no deviation" for name in known - found.keys()]
        if wrong:
            raise Failed("\n".join(["boto3 does not read what the spec says:", *wrong]))
        print(f"  read back: {len(self._reads)} reads, {values} values, {len(self._known)} known deviations")

    def _all_known(self, survey):
        """Whatever fleetctl made is named in a read of recipe.json."""
        named = json.dumps([read.get("params", {}) for read in self._reads])
        owned = [(kind, name) for kind, live in survey.items() for name, known in live.items() if known["owned"]]
        unknown = [f"{kind} {name}" for kind, name in owned if json.dumps(name) not in named]
        if unknown:
            raise Failed(f"recipe.json says nothing of {', '.join(unknown)}")
        print(f"  {len(owned)} marked objects, each of them read back")

    def _code(self):
        """The function holds the files of its folder and nothing else."""
        location = self._live.client("lambda").get_function(FunctionName="fleet-remediation")["Code"]["Location"]
        with sandbox.LOOPBACK.open(location, timeout=10) as answer:
            archive = zipfile.ZipFile(io.BytesIO(answer.read()))
        live = {name: archive.read(name) for name in archive.namelist()}
        files = [path for path in CODE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        if live != {str(path.relative_to(CODE)): path.read_bytes() for path in files}:
            raise Failed(f"the function holds {sorted(live)}, which is not what {CODE.name} holds")


def _deviations(paths):
    """The files as one, each entry checked for its reason."""
    gathered = {"sandbox": [], "exclude": [], "reads": []}
    for path in paths:
        for name, entries in json.loads(path.read_text()).items():
            if name not in gathered or not all(entry.get("reason") for entry in entries):
                raise Failed(f"{path}: {name!r} is unknown, or an entry of it has no reason")
            gathered[name] += entries
    return gathered


def _key(read):
    return f"{read['service']}:{read['operation']} {json.dumps(read.get('params', {}), sort_keys=True)}"


def _none_owned(survey, when):
    owned = [f"{kind} {name}" for kind, live in survey.items() for name, known in live.items() if known["owned"]]
    if owned:
        raise Failed(f"{when} the fleet owns {', '.join(owned)}")


def _unchanged(before, after):
    """Every object made by others is there, and whole."""
    touched = [
        f"{kind} {name}"
        for kind in after
        for name in before[kind].keys() | after[kind].keys()
        if before[kind].get(name) != after[kind].get(name)
    ]
    if touched:
        raise Failed(f"not as it was before apply: {', '.join(sorted(touched))}")
    print(f"  nothing left; {sum(map(len, before.values()))} objects of others are as they were")


def main(arguments):
    parser = argparse.ArgumentParser(description="Applies, reads back and destroys examples/factory-fleet.")
    parser.add_argument("fleetctl", metavar="FLEETCTL", type=pathlib.Path, help="the binary to test")
    parser.add_argument("--sandbox", metavar="URL", help="a sandbox that runs already, and is empty")
    parser.add_argument("--elsewhere", metavar="URL", help="a server for every service but AWS IoT")
    parser.add_argument(
        "--deviations",
        metavar="FILE",
        type=pathlib.Path,
        action="append",
        default=[],
        help="where that server is not as AWS",
    )
    options = parser.parse_args(arguments)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and not name.startswith("AWS_")
    }
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "unused", "AWS_REGION": REGION}
    try:
        deviations = _deviations(options.deviations)
        with tempfile.TemporaryDirectory() as home:
            # No profile, credential or state of whoever runs this can play a part.
            environment = {**kept, **keys, "HOME": home}
            fleetctl = options.fleetctl.resolve()
            running = nullcontext(options.sandbox) if options.sandbox else sandbox.serve(fleetctl, environment)
            with running as url:
                Job(fleetctl, environment, url, options.elsewhere, deviations).run()
    except (
        Failed,
        sandbox.NotStarted,
        readback.BadFile,
        botocore.exceptions.ClientError,
        botocore.exceptions.BotoCoreError,
        OSError,
        ValueError,
        subprocess.TimeoutExpired,
    ) as cause:
        print(f"main_job: {cause}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
