"""Drives a running sandbox with boto3: every operation of AWS IoT, and its refusals.

    pip install boto3
    cargo run -p fleet-sandbox --example serve -- --port 4567 &
    python3 crates/fleet-sandbox/tests/boto3/iot.py http://127.0.0.1:4567

Needs `openssl`. The parts build on each other, in the order of `main`. Fails at the first answer that is not as expected.
"""
import pathlib
import tempfile

from driver import CALLED, control
from iot_account import account_settings, role_aliases
from iot_audit import audits, mitigation_actions, suppressions
from iot_audit_tasks import audit_tasks
from iot_certificates import certificates
from iot_detect import metrics_and_dimensions, security_profiles, violations
from iot_policies import policies
from iot_registry import deprecation, groups, tags, thing_types, things
from iot_rules import rules


def main():
    control("POST", "reset", {})
    thing_types()
    things()
    deprecation()
    groups()
    security_profiles()
    metrics_and_dimensions()
    audits()
    tags()
    rules()
    policies()
    with tempfile.TemporaryDirectory() as folder:
        certificates(pathlib.Path(folder))
    account_settings()
    mitigation_actions()
    suppressions()
    audit_tasks()
    violations()
    role_aliases()
    called = sorted(name for name in CALLED if name.startswith("iot:"))
    print(len(called), "operations of AWS IoT:", ", ".join(name.removeprefix("iot:") for name in called))


main()
