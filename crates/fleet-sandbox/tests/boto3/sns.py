"""SNS: topics, subscriptions and their refusals."""
import json

from driver import ACCOUNT, advance, control, pages, refused


def topics(sns):
    arn = sns.create_topic(Name="t", Attributes={"DisplayName": "T & Co"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
    assert sns.create_topic(Name="t")["TopicArn"] == arn
    refused("InvalidParameter", sns.create_topic, "different attributes", Name="t", Attributes={"DisplayName": "U"})
    refused("InvalidParameter", sns.create_topic, "different tags", Name="t", Tags=[{"Key": "a", "Value": "2"}])
    refused("InvalidParameter", sns.create_topic, "Topic Name", Name="t t")
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["DisplayName"] == "T & Co" and attributes["Owner"] == ACCOUNT, attributes
    assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID"
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn}]}
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
    assert json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) == policy
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=arn, AttributeName="Policy", AttributeValue="{")
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=arn, AttributeName="Nope", AttributeValue="1")
    refused("NotFound", sns.get_topic_attributes, TopicArn=arn + "x")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("ResourceNotFound", sns.list_tags_for_resource, ResourceArn=arn + "x")
    subscriptions(sns, arn)
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert sns.list_subscriptions()["Subscriptions"] == []
    for n in range(101):
        sns.create_topic(Name=f"p{n:03}")
    found, count = pages(sns.list_topics, "Topics", "NextToken", "NextToken")
    assert len(found) == 101 and count == 2
    for topic in found:
        sns.delete_topic(TopicArn=topic["TopicArn"])


def subscriptions(sns, arn):
    mail = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")["SubscriptionArn"]
    assert mail == "pending confirmation", mail
    known = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)["SubscriptionArn"]
    queue = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
                          Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    assert queue.startswith(arn + ":")
    refused("InvalidParameter", sns.subscribe, "different attributes", TopicArn=arn, Protocol="sqs",
            Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", Attributes={"RawMessageDelivery": "false"})
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="pigeon", Endpoint="x")
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="https", Endpoint="http://x")
    refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="email", Endpoint="nobody")
    assert {s["SubscriptionArn"] for s in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]} == {"PendingConfirmation", queue}
    counts = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "1")
    refused("InvalidParameter", sns.unsubscribe, "pending", SubscriptionArn=known)
    refused("InvalidParameter", sns.confirm_subscription, TopicArn=arn, Token="wrong")
    [token] = [entry["token"] for entry in control("GET", "outbox") if entry["kind"] == "confirmation"]
    assert sns.confirm_subscription(TopicArn=arn, Token=token)["SubscriptionArn"] == known
    sns.set_subscription_attributes(SubscriptionArn=known, AttributeName="FilterPolicy", AttributeValue='{"a":["b"]}')
    refused("InvalidParameter", sns.set_subscription_attributes, SubscriptionArn=known, AttributeName="FilterPolicy", AttributeValue="x")
    attributes = sns.get_subscription_attributes(SubscriptionArn=known)["Attributes"]
    assert attributes["PendingConfirmation"] == "false" and attributes["FilterPolicyScope"] == "MessageAttributes", attributes
    assert sns.publish(TopicArn=arn, Message="hello", Subject="s")["MessageId"]
    sent = [entry for entry in control("GET", "outbox") if entry["kind"] == "message"]
    assert {entry["protocol"] for entry in sent} == {"email", "sqs"} and sent[0]["message"] == "hello"
    refused("InvalidParameter", sns.publish, TopicArn=arn, Message="")
    sns.unsubscribe(SubscriptionArn=known)
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=known)
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="b@example.com")
    advance(2 * 86400 + 1)
    assert [s["SubscriptionArn"] for s in sns.list_subscriptions()["Subscriptions"]] == [queue], "pending for two days only"
