"""Drives a running sandbox with boto3: every operation of the services beside IoT, and their refusals.

    pip install boto3
    cargo run -p fleet-sandbox --example serve -- --port 4567 &
    python3 crates/fleet-sandbox/tests/boto3/operations.py http://127.0.0.1:4567

Ends with a list of the operations it called; fails at the first answer that is not as expected.
"""
import cloudwatch
import functions
import iam
import identity
import logs
import sns
import tagging
from driver import CALLED, client, control

control("POST", "reset", {})
identity.caller()
iam.roles(client("iam"))
iam.policies(client("iam"))
sns.topics(client("sns"))
cloudwatch.alarms(client("cloudwatch"))
cloudwatch.dashboards(client("cloudwatch"))
cloudwatch.metrics(client("cloudwatch"))
logs.groups(client("logs"))
functions.functions(client("lambda"), client("iam"))
tagging.found(client("resourcegroupstaggingapi"), client("iam"), client("sns"))
print(len(CALLED), "operations:", ", ".join(sorted(CALLED)))
