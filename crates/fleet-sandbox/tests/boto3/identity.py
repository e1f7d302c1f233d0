"""STS: who calls, and credentials that are refused."""
from driver import ACCOUNT, client, refused


def caller():
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert client("sts", "AKIAEXAMPLE").get_caller_identity()["Account"] == "000000000000"
    refused("ExpiredToken", client("sts", "EXPIREDKEY").get_caller_identity)
    refused("InvalidClientTokenId", client("sts", "INVALIDKEY").get_caller_identity)
    refused("InvalidAction", client("sts").get_session_token, "GetSessionToken")
    refused("UnrecognizedClientException", client("lambda", "INVALIDKEY").list_functions)
    refused("ExpiredTokenException", client("logs", "EXPIREDKEY").describe_log_groups)
