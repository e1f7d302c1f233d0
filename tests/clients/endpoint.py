"""boto3 clients for a server that is not AWS: one URL, or another one per service."""

import datetime
import os
import urllib.parse

import boto3
import botocore.config


def add_arguments(parser):
    """The options of every script here."""
    parser.add_argument("url", metavar="URL", help="where the server listens, such as http://127.0.0.1:4566")
    parser.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="SERVICE=URL",
        help="another URL for one service; may be repeated",
    )
    parser.add_argument("--region", default="us-east-1", help="default us-east-1")
    parser.add_argument(
        "--account", default="000000000000", help="twelve digits, sent as the access key, which names the account"
    )


class Endpoints:
    """Makes and keeps the clients."""

    def __init__(self, options):
        self._options = options
        self._urls = dict(given.split("=", 1) for given in options.endpoint)
        self._clients = {}

    def client(self, service):
        """The boto3 client of a service."""
        if service not in self._clients:
            url = self._urls.get(service, self._options.url)
            # A proxy from the environment could not reach a loopback address.
            os.environ["NO_PROXY"] = urllib.parse.urlsplit(url).hostname or ""
            self._clients[service] = boto3.client(
                service,
                endpoint_url=url,
                region_name=self._options.region,
                aws_access_key_id=self._options.account,
                aws_secret_access_key="unused",
                config=botocore.config.Config(retries={"total_max_attempts": 3, "mode": "standard"}),
            )
        return self._clients[service]


def plain(value):
    """The value as JSON can hold it: times as ISO 8601 text, bytes as text."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return plain(value.read()) if hasattr(value, "read") else value
