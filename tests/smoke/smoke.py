"""A smoke test for a real AWS account: deploys the service under a throw-away name, checks what only AWS can show, walks the tour, and
deletes everything. README.md beside this file tells what it needs and what it costs.

    python tests/smoke/smoke.py              # in the account and region of the AWS CLI
    python tests/smoke/smoke.py --local .local    # against the local cloud that runs in this data folder
"""

import argparse
import sys
import time
import traceback

import checks
import tour
from service import Service
from target import Aws, Local


def main():
    arguments = argparse.ArgumentParser(description="Tests the service in an AWS account, or on the local cloud.")
    arguments.add_argument("--local", metavar="DATA", help="test the local cloud that runs in this data folder; deploy nothing")
    arguments.add_argument("--keep", action="store_true", help="leave the stack as it is after a failure")
    chosen = arguments.parse_args()
    if chosen.local:
        sys.exit(run(Service(Local(chosen.local))))
    target = Aws.new()
    print(f"deploying the stack {target.stack} in {target.session.region_name}", flush=True)
    failures = 1
    try:
        target.deploy()
        failures = run(Service(target))
    finally:
        if failures and chosen.keep:
            print(f"the stack {target.stack}, its table and its buckets are still there: delete them yourself")
        else:
            print(f"deleting the stack {target.stack}", flush=True)
            target.tear_down()
    sys.exit(failures)


def run(service):
    """Runs every check, also after one has failed. Returns the number of failures."""
    failures = 0
    for check in [*checks.ALL, tour.walk]:
        name = f"{check.__module__}.{check.__name__}".removeprefix("checks.").replace("_", " ")
        start = time.monotonic()
        try:
            check(service)
            result = "passed"
        except Exception:
            failures += 1
            result = f"FAILED: {traceback.format_exc()}"
        print(f"{time.monotonic() - start:7.1f} s  {name}: {result}", flush=True)
    print(f"{failures} failed" if failures else "smoke test: passed")
    return failures


main()
