"""Lambda: functions, permissions and their refusals."""
import base64
import hashlib
import io
import json
import urllib.request
import zipfile

from driver import ACCOUNT, advance, pages, refused
from documents import TRUST


def archive(text="def lambda_handler(event, context): pass"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr(zipfile.ZipInfo("lambda_function.py"), text)
    return buffer.getvalue()


def functions(functions, iam):
    role = iam.create_role(RoleName="exec", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    base = dict(FunctionName="f", Runtime="python3.12", Role=role, Handler="lambda_function.lambda_handler",
                Code={"ZipFile": archive()}, Tags={"a": "1"}, Environment={"Variables": {"KEY": "v"}})
    refused("InvalidParameterValueException", functions.create_function, "The role defined for the function cannot be assumed by Lambda.", **base)
    advance(6)
    refused("InvalidParameterValueException", functions.create_function, "unzip", **{**base, "Code": {"ZipFile": b"PK no zip"}})
    refused("InvalidParameterValueException", functions.create_function, "mandatory", **{k: v for k, v in base.items() if k != "Handler"})
    refused("InvalidParameterValueException", functions.create_function, "AWS_REGION", **{**base, "Environment": {"Variables": {"AWS_REGION": "x"}}})
    refused("ValidationException", functions.create_function, "memorySize", **{**base, "MemorySize": 1})
    refused("ValidationException", functions.create_function, "runtime", **{**base, "Runtime": "cobol"})
    made = functions.create_function(**base)
    digest = base64.b64encode(hashlib.sha256(archive()).digest()).decode()
    assert made["State"] == "Pending" and made["CodeSha256"] == digest and made["CodeSize"] == len(archive()), made
    refused("ResourceConflictException", functions.create_function, "already exist", **base)
    refused("ResourceConflictException", functions.update_function_configuration, "Pending", FunctionName="f", Timeout=9)
    advance(3)
    found = functions.get_function(FunctionName=made["FunctionArn"])
    assert found["Configuration"]["State"] == "Active" and found["Tags"] == {"a": "1"} and "Concurrency" not in found
    assert urllib.request.urlopen(found["Code"]["Location"]).read() == archive()
    changed = functions.update_function_configuration(FunctionName="f", Timeout=9, Environment={"Variables": {}}, Description="d")
    assert changed["LastUpdateStatus"] == "InProgress" and changed["Timeout"] == 9 and "Environment" not in changed, changed
    assert changed["RevisionId"] != made["RevisionId"]
    refused("ResourceConflictException", functions.update_function_code, "in progress", FunctionName="f", ZipFile=archive("x"))
    advance(3)
    refused("PreconditionFailedException", functions.update_function_code, FunctionName="f", ZipFile=archive("x"), RevisionId=made["RevisionId"])
    assert functions.update_function_code(FunctionName="f", ZipFile=archive("x"), DryRun=True)["CodeSha256"] != digest
    assert functions.get_function_configuration(FunctionName="f")["CodeSha256"] == digest
    assert functions.update_function_code(FunctionName="f", ZipFile=archive("x"))["CodeSha256"] != digest
    advance(3)
    assert functions.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "Successful"
    permissions(functions, made["FunctionArn"])
    assert functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)["ReservedConcurrentExecutions"] == 5
    refused("InvalidParameterValueException", functions.put_function_concurrency, FunctionName="f", ReservedConcurrentExecutions=901)
    assert functions.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    functions.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName="f")
    functions.tag_resource(Resource=made["FunctionArn"], Tags={"b": "2"})
    functions.untag_resource(Resource=made["FunctionArn"], TagKeys=["a", "c"])
    assert functions.list_tags(Resource=made["FunctionArn"])["Tags"] == {"b": "2"}
    assert functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    refused("InvalidParameterValueException", functions.invoke, "does not run", FunctionName="f", Payload=b"{}")
    refused("ResourceNotFoundException", functions.get_function, FunctionName="f", Qualifier="1")
    for n in range(3):
        functions.create_function(**{**base, "FunctionName": f"g{n}"})
    found, count = pages(functions.list_functions, "Functions", "Marker", "NextMarker", MaxItems=2)
    assert [f["FunctionName"] for f in found] == ["f", "g0", "g1", "g2"] and count == 2 and "State" not in found[0]
    for function in found:
        functions.delete_function(FunctionName=function["FunctionName"])
    refused("ResourceNotFoundException", functions.delete_function, FunctionName="f")
    iam.delete_role(RoleName="exec")


def permissions(functions, arn):
    added = functions.add_permission(FunctionName="f", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
                                     SourceArn="arn:aws:sns:us-east-1:123456789012:t", SourceAccount=ACCOUNT)
    assert json.loads(added["Statement"]) == {
        "Sid": "sns", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:123456789012:t"}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}}
    same = dict(FunctionName="f", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com")
    refused("ResourceConflictException", functions.add_permission, "already exists", **same)
    refused("InvalidParameterValueException", functions.add_permission, **{**same, "StatementId": "x", "Principal": "nobody"})
    assert len(json.loads(functions.get_policy(FunctionName="f")["Policy"])["Statement"]) == 1
    refused("ResourceNotFoundException", functions.remove_permission, FunctionName="f", StatementId="other")
    functions.remove_permission(FunctionName="f", StatementId="sns")
    refused("ResourceNotFoundException", functions.get_policy, FunctionName="f")
