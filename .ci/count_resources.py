"""Counts the resources that CloudFormation gets to see: template.yaml after SAM's own transform, which adds permissions, event source
mappings and stages. Prints a table by type, and fails at LIMIT. It also fails if a second stack in the account could not be deployed
beside the first, and if a role escapes the permissions boundary.

    pip install -r .ci/requirements.txt
    python .ci/count_resources.py [TEMPLATE]
"""

import collections
import json
import pathlib
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# CloudFormation takes 500 resources in a stack. The rest is room for an update that needs old and new resources side by side.
LIMIT = 450

# Resources whose names are unique in the whole account, not only in a region.
GLOBAL = {"AWS::CloudFront::OriginAccessControl", "AWS::CloudWatch::Dashboard", "AWS::IAM::Role"}
# Their names are within a function, or name the function of another resource.
OF_A_FUNCTION = {f"AWS::Lambda::{kind}" for kind in ("Alias", "EventSourceMapping", "Permission", "Version")}


def transform(path):
    template = yaml_parse(path.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam deploy` uploads the folder and puts the address of the upload in its place.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    # No role here uses one of AWS's managed policies, so the transform needs none of their addresses.
    session = boto3.Session(region_name="us-east-1")
    return Translator({}, Parser(), boto_session=session).translate(template, {})


def names(properties):
    """The names that a resource chooses for itself, wherever they are among its properties."""
    for key, value in properties.items():
        if isinstance(value, dict) and key.endswith("Config"):
            yield from names(value)
        elif key in ("Name", "BucketName", "DashboardName", "FunctionName", "LogGroupName", "QueueName", "RoleName", "TableName"):
            yield key, value


def problems(resources):
    """Names that a second stack could not have, and roles without the permissions boundary."""
    for logical_id, resource in resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind not in OF_A_FUNCTION:
            for key, name in names(properties):
                text = json.dumps(name)
                if "AWS::StackName" not in text:
                    yield f"{logical_id}: {key} {text} is the same in every stack of the region"
                elif kind in GLOBAL and "AWS::Region" not in text:
                    yield f"{logical_id}: {key} {text} is the same in every region of the account"
        if kind == "AWS::IAM::Role" and "PermissionsBoundary" not in json.dumps(properties.get("PermissionsBoundary")):
            yield f"{logical_id}: a role without the stack's PermissionsBoundary"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "template.yaml"
    resources = transform(path)["Resources"]
    count = collections.Counter(resource["Type"] for resource in resources.values())
    for kind, number in count.most_common():
        print(f"{number:5} {kind}")
    total = count.total()
    print(f"{total:5} in all, of at most {LIMIT - 1}")
    found = list(problems(resources))
    for problem in found:
        print(problem)
    sys.exit(total >= LIMIT or bool(found))


main()
