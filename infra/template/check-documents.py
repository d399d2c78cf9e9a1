"""Checks the generated documents with other people's tools: the OpenAPI document against its specification, and every example in it
and every event's sample against its own schema.

    pip install openapi-spec-validator 'jsonschema[format]'
    python infra/template/check-documents.py
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(path):
    return json.loads((ROOT / path).read_text())


def resolve(document, node):
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def examples(document, node, place=""):
    """Everything in the document that has both a schema and an example of it."""
    if isinstance(node, dict):
        if "schema" in node:
            if "example" in node:
                yield place, node["schema"], node["example"]
            for name, example in node.get("examples", {}).items():
                yield f"{place} {name}", node["schema"], resolve(document, example)["value"]
        for name, child in node.items():
            yield from examples(document, child, f"{place}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from examples(document, child, f"{place}/{index}")


def complaints():
    openapi = load("functions/docs/src/openapi.json")
    for error in OpenAPIV31SpecValidator(openapi).iter_errors():
        yield f"openapi.json: {error.message}"
    count = 0
    for place, schema, example in examples(openapi, openapi):
        count += 1
        whole = {**schema, "components": openapi["components"]}
        for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(example):
            yield f"openapi.json{place}: {error.json_path}: {error.message}"
    schemas = sorted((ROOT / "events/schemas").glob("*.json"))
    for path in schemas:
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        sample = load(f"events/samples/{path.name}")
        for error in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(sample):
            yield f"events/samples/{path.name}: {error.json_path}: {error.message}"
    print(f"checked {count} examples and {len(schemas)} samples")


def main():
    found = list(complaints())
    for complaint in found:
        print(complaint, file=sys.stderr)
    sys.exit(1 if found else 0)


main()
