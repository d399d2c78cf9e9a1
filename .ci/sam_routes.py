"""Compares the routes that the SAM CLI finds in template.yaml, for `sam local start-api`, with those of docs/openapi.json.

    pip install -r .ci/requirements.txt
    python .ci/sam_routes.py
"""

import json
import pathlib
import sys

from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

root = pathlib.Path(__file__).resolve().parent.parent


def found():
    stacks, _ = SamLocalStackProvider.get_stacks(str(root / "template.yaml"))
    routes = ApiProvider(stacks, str(root)).api.routes
    # The SAM CLI adds OPTIONS to every route, for CORS.
    found = {(method, route.path) for route in routes for method in route.methods if method != "OPTIONS"}
    return {route for route in found if route[1] != "$default"}, any(route.path == "$default" for route in routes)


def documented():
    paths = json.loads((root / "docs/openapi.json").read_text())["paths"]
    routes = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    return routes | {("HEAD", path) for method, path in routes if method == "GET"}


def main():
    (routes, default), expected = found(), documented()
    for missing in sorted(expected - routes):
        print("the SAM CLI does not find", *missing)
    for unknown in sorted(routes - expected):
        print("docs/openapi.json does not have", *unknown)
    print(f"SAM CLI: {len(routes)} routes, {'a' if default else 'no'} default route")
    sys.exit(routes != expected or not default)


main()
