"""Reacts to alerts of AWS IoT Device Defender that arrive through SNS.

Counts every violation in CloudWatch, by fleet, so that one alarm sees them all, and says in the log what should be
done about it. It changes no device by itself: isolating a machine on a production line is a person's decision.
"""

import json
import logging
import os

import boto3

NAMESPACE = "Fleet/Monitoring"

# What to look at first, by behaviour of the profile.
ADVICE = {
    "AuthorizationFailures": "denied again and again: check its policy, then whether its certificate was stolen",
    "ConnectionAttempts": "connects again and again: a reconnect loop, or somebody tries its certificate",
    "MessageByteSize": "sends unusually large messages: check for data leaving through it",
    "MessagesReceived": "receives unusually many messages: check who publishes to it",
    "MessagesSent": "sends unusually many messages: a loop in its firmware, or misuse",
}

logger = logging.getLogger()
logger.setLevel(logging.INFO)
cloudwatch = boto3.client("cloudwatch")


def lambda_handler(event, _context):
    """Handles each record. A record that cannot be read must not keep the others from being handled."""
    failed = 0
    for record in event.get("Records", []):
        try:
            handle(json.loads(record["Sns"]["Message"]))
        except Exception:
            failed += 1
            logger.exception("a record could not be handled")
    if failed:
        # SNS tries again, and then hands over to the subscription's dead-letter queue, only if the function fails.
        raise RuntimeError(f"{failed} of {len(event['Records'])} records could not be handled")


def handle(message):
    """Handles one message: a violation, or what an alarm or an audit sends to the same topic."""
    kind = message.get("violationEventType")
    if kind is None:
        logger.info("not a violation, nothing to do: %s", message.get("AlarmName") or message.get("taskType") or "unknown")
        return
    thing = message.get("thingName", "unknown")
    behavior = message.get("behavior", {}).get("name", "unknown")
    if kind == "in-alarm":
        count("SecurityViolations")
        logger.warning("violation: %s %s", thing, ADVICE.get(behavior, f"is outside of {behavior}"))
    elif kind == "alarm-cleared":
        count("SecurityAlarmsCleared")
        logger.info("violation cleared: %s is back within %s", thing, behavior)
    else:
        logger.info("violation invalidated: nothing was heard of %s for %s", thing, behavior)


def count(metric):
    """Adds one to a metric of this fleet. The dimension is the one that the alarm reads."""
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": metric,
                "Value": 1,
                "Unit": "Count",
                "Dimensions": [{"Name": "FleetName", "Value": os.environ["FLEET_NAME"]}],
            }
        ],
    )
