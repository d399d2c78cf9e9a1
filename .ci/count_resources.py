"""Counts the resources that CloudFormation gets to see: template.yaml after SAM's own transform, which adds permissions, event source
mappings and stages. Prints a table by type, and fails at LIMIT.

    pip install -r .ci/requirements.txt
    python .ci/count_resources.py [TEMPLATE]
"""

import collections
import pathlib
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# CloudFormation takes 500 resources in a stack. The rest is room for an update that needs old and new resources side by side.
LIMIT = 450


def transform(path):
    template = yaml_parse(path.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam deploy` uploads the folder and puts the address of the upload in its place.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    # No role here uses one of AWS's managed policies, so the transform needs none of their addresses.
    session = boto3.Session(region_name="us-east-1")
    return Translator({}, Parser(), boto_session=session).translate(template, {})


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "template.yaml"
    resources = transform(path)["Resources"].values()
    count = collections.Counter(resource["Type"] for resource in resources)
    for kind, number in count.most_common():
        print(f"{number:5} {kind}")
    total = count.total()
    print(f"{total:5} in all, of at most {LIMIT - 1}")
    sys.exit(total >= LIMIT)


main()
