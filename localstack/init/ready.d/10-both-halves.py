"""LocalStack's ready hook: ends well once both halves of the account answer.

It calls each service that a fleet needs of LocalStack, which loads it, so that no first
call of a test has to wait for that, and the sandbox that has AWS IoT. `localstack/run`
reads the outcome from /_localstack/init/ready.
"""

import os
import time
import urllib.request

import boto3

LOCALSTACK_URL = os.environ.get("FLEETCTL_LOCALSTACK_URL", "http://127.0.0.1:4566")
SANDBOX_URL = os.environ["FLEETCTL_SANDBOX_URL"]
SANDBOX_SECONDS = 60
# One call without parameters of each service, by which it shows that it is there.
CALLS = {
    "cloudwatch": "describe_alarms",
    "iam": "list_roles",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "sns": "list_topics",
    "sts": "get_caller_identity",
}


def wait_for_sandbox():
    """The sandbox comes up at its own time; a proxy has no part in reaching it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + SANDBOX_SECONDS
    while True:
        try:
            opener.open(f"{SANDBOX_URL}/_fleetctl/health", timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


for service, call in CALLS.items():
    client = boto3.client(
        service,
        endpoint_url=LOCALSTACK_URL,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="unused",
    )
    getattr(client, call)()
wait_for_sandbox()
