"""A local cloud for one script: it starts in a new data folder and is stopped with Ctrl-C's signal."""

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
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug/local")


@contextlib.contextmanager
def running():
    """The data folder of a local cloud that answers, and the content of its `ready.json`."""
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [BINARY, "--no-build", "--port", "0", "--aws-port", "0", "--data", data], cwd=ROOT
        )
        try:
            yield data, wait(process, pathlib.Path(data, "ready.json"))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        assert process.returncode == 0, process.returncode


def wait(process, ready):
    for _ in range(600):
        if ready.exists():
            return json.loads(ready.read_text())
        if process.poll() is not None:
            sys.exit("the local cloud did not start")
        time.sleep(0.1)
    sys.exit("the local cloud was not ready in a minute")
