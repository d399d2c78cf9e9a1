"""Starts the local cloud for a script, and stops it afterwards."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def target():
    """Cargo's target folder, as cargo finds it."""
    metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"], cwd=ROOT)
    return pathlib.Path(json.loads(metadata)["target_directory"])


def start(data):
    cloud = subprocess.Popen(
        [target() / "debug/local", "--no-build", "--port", "0", "--aws-port", "0", "--data", data], cwd=ROOT
    )
    ready = pathlib.Path(data, "ready.json")
    for _ in range(600):
        if ready.exists():
            return cloud, json.loads(ready.read_text())
        if cloud.poll() is not None:
            sys.exit("the local cloud did not start")
        time.sleep(0.1)
    sys.exit("the local cloud was not ready in a minute")


@contextlib.contextmanager
def running():
    """The content of the running cloud's `ready.json`."""
    with tempfile.TemporaryDirectory() as data:
        process, ready = start(data)
        try:
            yield ready
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        assert process.returncode == 0, process.returncode
