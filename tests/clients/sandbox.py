"""A `fleetctl sandbox serve` for a test, and the time that passes in it."""

import json
import re
import shutil
import subprocess
import threading
import urllib.request
from contextlib import contextmanager

# AWS IoT keeps a thing type for five minutes after it was deprecated, and a new role
# takes seconds until other services know it. A minute each second makes both short.
TICK_SECONDS = 60

# A proxy from the environment could not reach a loopback address.
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotStarted(Exception):
    """The sandbox did not come up; the message says what it printed instead."""


@contextmanager
def serve(fleetctl, environment):
    """Runs `fleetctl sandbox serve` on a free port and yields its URL."""
    command = [fleetctl, "sandbox", "serve", "--port", "0", "--memory"]
    if shutil.which("setpriv"):
        # The kernel stops it even when this script is killed outright.
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        line = process.stdout.readline()
        url = re.search(r"http://[^\s,]+", line)
        if not url:
            raise NotStarted(f"the sandbox did not say where it listens, but {line!r}")
        yield url.group()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def advance(url):
    """Moves the sandbox's clock a minute ahead."""
    body = json.dumps({"advanceSeconds": TICK_SECONDS}).encode()
    LOOPBACK.open(urllib.request.Request(f"{url}/_fleetctl/clock", data=body), timeout=5).close()


@contextmanager
def time_passing(url):
    """Moves the sandbox's clock a minute ahead every second."""
    ended = threading.Event()

    def tick():
        while not ended.wait(1):
            advance(url)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
