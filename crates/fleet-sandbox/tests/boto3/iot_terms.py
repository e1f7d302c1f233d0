"""Words of the IoT scripts: the client, error codes, ARNs."""
import json

from driver import ACCOUNT, REGION, client

IOT = client("iot")
INVALID, MISSING, EXISTS = "InvalidRequestException", "ResourceNotFoundException", "ResourceAlreadyExistsException"
CONFLICT, LIMIT = "VersionConflictException", "LimitExceededException"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/iot"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]})


def arn(resource):
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{resource}"


def tag(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]
