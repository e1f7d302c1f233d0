"""What the scripts here share: clients of a running sandbox, its control plane, and expectations.

The sandbox's URL is the first argument of the script.
"""
import collections
import json
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
ACCOUNT = "123456789012"
REGION = "us-east-1"
CALLED = collections.Counter()


def client(service, key=ACCOUNT, region=REGION):
    config = Config(retries={"max_attempts": 1}, parameter_validation=False)
    made = boto3.client(service, endpoint_url=URL, region_name=region, aws_access_key_id=key,
                        aws_secret_access_key="x", config=config)
    made.meta.events.register("before-call", lambda model, **_: CALLED.update([f"{service}:{model.name}"]))
    return made


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_fleetctl/{path}", data=data, method=method)
    return json.load(urllib.request.urlopen(request))


def advance(seconds):
    control("POST", "clock", {"advanceSeconds": seconds})


def refused(code, call, *contains, **arguments):
    """Expects the error `code` with every text of `contains` in its message."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"expected {code}, got {found}"
        assert all(text in found["Message"] for text in contains), found
        return error.response
    raise AssertionError(f"expected {code}, got {answer}")


def pages(call, member, token_in="nextToken", token_out="nextToken", **arguments):
    """The items of all pages of a list, and the number of pages."""
    items, count, token = [], 0, None
    while True:
        answer = call(**arguments, **({token_in: token} if token else {}))
        items += answer[member]
        count += 1
        token = answer.get(token_out)
        if not token:
            return items, count


def without(answer, *members):
    """An answer without its metadata and these members."""
    return {k: v for k, v in answer.items() if k not in ("ResponseMetadata", *members)}
