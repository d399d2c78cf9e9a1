"""Checks the generated documents with independent tools: the OpenAPI document against its specification, the references of the AsyncAPI
document, and every example and every event's sample against its schema.

    pip install openapi-spec-validator 'jsonschema[format]'
    python infra/template/check-documents.py
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
SCHEMAS = [f"schemas/{path.name}" for path in sorted(DOCS.glob("schemas/*.json"))]


def load(path):
    return json.loads((DOCS / path).read_text())


# The documents that references can name, by their paths in docs/.
DOCUMENTS = Registry().with_resources(
    (path, DRAFT202012.create_resource(load(path))) for path in ["openapi.json", "asyncapi.json", *SCHEMAS]
)


def pointer(*parts):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def nodes(node, place=""):
    """Every object of a document, with the JSON pointer to it."""
    if isinstance(node, dict):
        yield place, node
        for name, child in node.items():
            yield from nodes(child, place + pointer(name))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from nodes(child, place + pointer(index))


def dangling(path):
    """The references of a document that lead nowhere."""
    resolver = DOCUMENTS.resolver(path)
    for place, node in nodes(load(path)):
        if isinstance(node.get("$ref"), str):
            try:
                resolver.lookup(node["$ref"])
            except Unresolvable as error:
                yield f"{path}#{place}: {error}"


def examples(path):
    """Every example of a document, with the place of its schema."""
    resolver = DOCUMENTS.resolver(path)
    for place, node in nodes(load(path)):
        if "schema" in node:
            if "example" in node:
                yield f"{place}/schema", node["example"]
            for example in node.get("examples", {}).values():
                example = resolver.lookup(example["$ref"]).contents if "$ref" in example else example
                yield f"{place}/schema", example["value"]
        if "payload" in node:
            for example in node.get("examples", []):
                yield f"{place}/payload", example["payload"]


def violations(schema, example):
    validator = Draft202012Validator({"$ref": schema}, registry=DOCUMENTS, format_checker=FormatChecker())
    for error in validator.iter_errors(example):
        yield f"an example of {schema}: {error.json_path}: {error.message}"


def errors():
    for error in OpenAPIV31SpecValidator(load("openapi.json")).iter_errors():
        yield f"openapi.json: {error.message}"
    for path in ["openapi.json", "asyncapi.json"]:
        lost = list(dangling(path))
        yield from lost
        if lost:
            continue
        checked = 0
        for place, example in examples(path):
            checked += 1
            yield from violations(f"{path}#{place}", example)
        print(f"{path}: checked {checked} examples")
    for path in SCHEMAS:
        Draft202012Validator.check_schema(load(path))
        yield from violations(path, load(path.replace("schemas/", "samples/")))
    print(f"schemas: checked {len(SCHEMAS)} samples")


def main():
    found = list(errors())
    for error in found:
        print(error, file=sys.stderr)
    sys.exit(1 if found else 0)


main()
