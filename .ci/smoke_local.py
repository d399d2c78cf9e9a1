"""The smoke test for AWS accounts (`tests/smoke`) against a local cloud, so that the test itself stays right."""

import subprocess
import sys

import local_cloud

with local_cloud.running() as (data, _):
    subprocess.run([sys.executable, "tests/smoke/smoke.py", "--local", data], check=True, cwd=local_cloud.ROOT)
