"""The scripts here, against MiniStack.

    tests/clients/ministack PYTHON -m unittest discover tests/clients
"""

import contextlib
import io
import json
import os
import pathlib
import tempfile
import types
import unittest

import empty
import endpoint
import readback

URL = os.environ["MINISTACK_URL"]
FLEET = "factory"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ALLOW = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}
)
MARK = {"fleetctl:fleet": FLEET}
# Kinds that MiniStack serves; it has no Device Defender.
KINDS = ["role", "managed_policy", "topic", "function", "log_group", "alarm", "thing", "thing_group", "certificate"]

# Each test works in an account of its own.
_accounts = iter(range(100000000000, 200000000000))


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Script(unittest.TestCase):
    def setUp(self):
        self.account = str(next(_accounts))
        options = types.SimpleNamespace(url=URL, endpoint=[], region="us-east-1", account=self.account)
        self.endpoints = endpoint.Endpoints(options)

    def run_script(self, script, *arguments):
        """(exit code, standard output, standard error) of a script's main."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = script.main([URL, "--account", self.account, *arguments])
        return code, out.getvalue(), err.getvalue()


class Empty(Script):
    def survey(self, *more):
        kinds = [part for kind in KINDS for part in ("--kind", kind)]
        return self.run_script(empty, FLEET, *kinds, *more)

    def make(self, tags, path, attributes, suffix):
        """One object for each way of being marked."""
        client = self.endpoints.client
        client("iam").create_role(RoleName=f"role-{suffix}", Path=path, AssumeRolePolicyDocument=TRUST)
        client("sns").create_topic(Name=f"topic-{suffix}", Tags=pairs(tags))
        client("logs").create_log_group(logGroupName=f"/group/{suffix}", tags=tags)
        client("iot").create_thing(thingName=f"thing-{suffix}", attributePayload={"attributes": attributes})
        client("iot").create_thing_group(thingGroupName=f"group-{suffix}", tags=pairs(tags))

    def test_what_carries_the_mark_is_found_and_nothing_else(self):
        self.make({"fleetctl:fleet": "other"}, "/fleetctl/factory2/", {"fleetctl.fleet": "other"}, "foreign")
        code, out, _ = self.survey()
        self.assertEqual((code, out), (0, "5 objects of 9 kinds seen, 0 of the fleet factory\n"))

        self.make(MARK, "/fleetctl/factory/", {"fleetctl.fleet": FLEET}, "own")
        code, out, _ = self.survey()
        self.assertEqual(code, 1)
        self.assertEqual(
            out.splitlines(),
            [
                "role role-own: path /fleetctl/factory/",
                f"topic arn:aws:sns:us-east-1:{self.account}:topic-own: tag fleetctl:fleet",
                "log_group /group/own: tag fleetctl:fleet",
                "thing thing-own: attribute fleetctl.fleet",
                "thing_group group-own: tag fleetctl:fleet",
                "10 objects of 9 kinds seen, 5 of the fleet factory",
            ],
        )

    def test_a_dump_shows_what_was_touched(self):
        iam = self.endpoints.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=ALLOW)
        before = self.survey("--json")[1]
        self.assertEqual(self.survey("--json")[1], before)
        self.assertIsNone(json.loads(before)["role"]["r"]["owned"])
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=ALLOW.replace("Allow", "Deny"))
        self.assertNotEqual(self.survey("--json")[1], before)

    def test_a_server_that_cannot_be_read_is_not_empty(self):
        code, out, err = self.run_script(empty, FLEET, "--kind", "security_profile")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("ListSecurityProfiles", err)


class Readback(Script):
    def compare(self, reads):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "expectations.json")
            file.write_text(reads if isinstance(reads, str) else json.dumps(reads))
            return self.run_script(readback, str(file))

    def test_matches_and_mismatches(self):
        self.endpoints.client("iam").create_role(
            RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=pairs({"b": "2", "a": "1"})
        )
        self.endpoints.client("sns").create_topic(Name="t")
        role = {"service": "iam", "operation": "GetRole", "params": {"RoleName": "r"}}
        topic = {
            "service": "sns",
            "operation": "GetTopicAttributes",
            "params": {"TopicArn": f"arn:aws:sns:us-east-1:{self.account}:t"},
        }
        good = [
            {**role, "expect": {"Role.MaxSessionDuration": 3600.0, "Role.Path": "/", "Role.PermissionsBoundary": None}},
            {**role, "expect": {"sorted_json(Role.Tags)[0]": {"Key": "a", "Value": "1"}}},
            {**topic, "expect": {"parse_json(Attributes.Policy).Version": "2008-10-17"}},
            {**role, "params": {"RoleName": "gone"}, "error": "NoSuchEntity"},
        ]
        self.assertEqual(self.compare(good), (0, "4 reads, 6 values compared, 0 mismatches\n", ""))
        for expect in [{"Role.Path": "/other/"}, {"Role.MaxSessionDuration": True}, {"Role.Tags[0].Key": "a"}]:
            code, out, _ = self.compare([{**role, "expect": expect}])
            self.assertEqual(code, 1, expect)
            self.assertIn(f'#1 iam:GetRole {{"RoleName": "r"}} {next(iter(expect))}: expected', out)
        for read in [{**role, "error": "NoSuchEntity"}, {**role, "params": {"RoleName": "gone"}, "expect": {"a": 1}}]:
            self.assertEqual(self.compare([read])[0], 1, read)

    def test_a_file_that_expects_nothing_is_refused(self):
        role = {"service": "iam", "operation": "GetRole", "params": {"RoleName": "r"}}
        for reads in [[], "{", [role], [{**role, "expect": {}}], [{**role, "expects": {"a": 1}}], [{"service": "iam"}]]:
            code, _, err = self.compare(reads)
            self.assertEqual(code, 2, reads)
            self.assertIn("expectations.json", err)
        self.assertEqual(self.compare([{**role, "operation": "GetRoll", "expect": {"a": 1}}])[0], 2)


if __name__ == "__main__":
    unittest.main()
