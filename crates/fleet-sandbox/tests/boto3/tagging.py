"""The tagging API: what it finds, and what it does not."""
import json

from driver import client, pages, refused
from documents import ALLOW, TRUST


def found(tagged, iam, sns):
    topics = [sns.create_topic(Name=f"tag{n}", Tags=[{"Key": "fleet", "Value": "f"}, {"Key": "n", "Value": str(n)}])["TopicArn"] for n in range(5)]
    plain = sns.create_topic(Name="untagged")["TopicArn"]
    policy = iam.create_policy(PolicyName="tagged", PolicyDocument=json.dumps(ALLOW), Tags=[{"Key": "fleet", "Value": "f"}])["Policy"]["Arn"]
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "fleet", "Value": "f"}])
    fleet = [{"Key": "fleet", "Values": ["f"]}]
    listed, count = pages(tagged.get_resources, "ResourceTagMappingList", "PaginationToken", "PaginationToken", TagFilters=fleet, ResourcesPerPage=2)
    assert [f["ResourceARN"] for f in listed] == [policy, *topics] and count == 3, listed
    one = tagged.get_resources(TagFilters=[*fleet, {"Key": "n", "Values": ["1", "9"]}], ResourceTypeFilters=["sns:topic"])
    assert [f["ResourceARN"] for f in one["ResourceTagMappingList"]] == [topics[1]] and one["PaginationToken"] == ""
    assert [f["ResourceARN"] for f in tagged.get_resources(ResourceARNList=[topics[0], plain])["ResourceTagMappingList"]] == [topics[0]]
    assert client("resourcegroupstaggingapi", region="eu-west-1").get_resources()["ResourceTagMappingList"] == []
    assert "fleet" in tagged.get_tag_keys()["TagKeys"] and tagged.get_tag_values(Key="n")["TagValues"] == list("01234")
    failed = tagged.tag_resources(ResourceARNList=[plain, plain + "x"], Tags={"late": "1"})["FailedResourcesMap"]
    assert list(failed) == [plain + "x"] and sns.list_tags_for_resource(ResourceArn=plain)["Tags"] == [{"Key": "late", "Value": "1"}]
    tagged.untag_resources(ResourceARNList=[plain], TagKeys=["late"])
    assert {"ResourceARN": plain, "Tags": []} in tagged.get_resources(ResourceTypeFilters=["sns"])["ResourceTagMappingList"], "previously tagged"
    refused("InvalidParameterException", tagged.get_resources, ResourceARNList=[plain], TagFilters=fleet)
    refused("PaginationTokenExpiredException", tagged.get_resources, PaginationToken="bogus")
    for topic in [*topics, plain]:
        sns.delete_topic(TopicArn=topic)
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName="tagged")
    assert tagged.get_resources()["ResourceTagMappingList"] == []
