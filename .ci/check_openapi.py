"""Runs Schemathesis against the local cloud: it holds the service to docs/openapi.json, with valid and with broken requests, alone and in
sequences along the document's links."""

import os
import subprocess
import sys

import local_cloud
from local_cloud import ROOT

# Bounds the whole run. The stateful phase comes last and gets the rest of the time.
MOST_SECONDS = 300

with local_cloud.running() as (_, ready):
    environment = os.environ | {
        "API_URL": ready["apiUrl"],
        "TOKEN": ready["adminToken"],
        "PYTHONPATH": str(ROOT / ".ci"),
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", ROOT / ".ci/schemathesis.toml", "run"]
    options = ["--url", ready["apiUrl"], "--max-time", str(MOST_SECONDS), *sys.argv[1:]]
    outcome = subprocess.run([*command, ROOT / "docs/openapi.json", *options], cwd=ROOT / ".ci", env=environment)
sys.exit(outcome.returncode)
