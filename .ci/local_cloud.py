"""Starts the local cloud in a data folder of its own, for the checks."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@contextlib.contextmanager
def local_cloud():
    """Yields the content of `ready.json`. The local cloud must end cleanly when it is stopped."""
    with tempfile.TemporaryDirectory() as data:
        arguments = ["--no-build", "--port", "0", "--aws-port", "0", "--data", data]
        process = subprocess.Popen([TARGET / "debug/local", *arguments], cwd=ROOT)
        try:
            yield wait_for(pathlib.Path(data, "ready.json"), process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        assert process.returncode == 0, process.returncode


def wait_for(ready, process):
    for _ in range(600):
        if ready.exists():
            return json.loads(ready.read_text())
        if process.poll() is not None:
            sys.exit("the local cloud did not start")
        time.sleep(0.1)
    sys.exit("the local cloud was not ready in a minute")
