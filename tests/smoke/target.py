"""What is tested: a stack in an AWS account, deployed for the test and deleted after it, or a running local cloud."""

import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import uuid

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug/local")
DAY = 24 * 3600
# What a stack leaves behind.
RETAINED = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")


class Local:
    """A local cloud that runs in a data folder."""

    is_aws = False
    # How long an effect of a write may take, in seconds.
    patience = 120

    def __init__(self, data):
        self.data = data
        ready = json.loads(pathlib.Path(data, "ready.json").read_text())
        self.api = ready["apiUrl"]
        self.stack = "local"
        self._aws_url = ready["awsUrl"]

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self._aws_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(max_pool_connections=50),
        )

    def token(self, role, customer=None):
        command = [*self.token_command(None), "--role", role]
        if customer:
            command += ["--customer", customer]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()

    def token_command(self, _):
        """Prints a token: takes `--role` and `--customer`."""
        return [BINARY, "token", "--data", self.data]

    def output(self, name):
        """An output of the stack, as far as the checks need it."""
        if name == "TableName":
            [table] = self.client("dynamodb").list_tables()["TableNames"]
            return table
        buses = [bus for bus in self.client("events").list_event_buses()["EventBuses"] if bus["Name"] != "default"]
        [bus] = buses
        return {"EventBusName": bus["Name"], "EventBusArn": bus["Arn"]}[name]

    def logs_of(self, function):
        return pathlib.Path(self.data, "logs", f"{self.stack}-{function}.log").read_text().splitlines()


class Aws:
    """A stack under a name that is used once. The account and the region are those that the AWS CLI would use."""

    is_aws = True
    patience = 600

    def __init__(self, stack, issuer):
        self.stack = stack
        self.issuer = issuer
        # The CLI reads AWS_REGION, boto3 only AWS_DEFAULT_REGION.
        self.session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        if not self.session.region_name:
            sys.exit("No region is configured: set AWS_REGION or choose a profile that has one.")
        self._outputs = None

    @classmethod
    def new(cls):
        return cls(f"smoke-{uuid.uuid4().hex[:8]}", Issuer())

    def client(self, service):
        return self.session.client(service, config=Config(max_pool_connections=50))

    def token(self, role, customer=None):
        return self.issuer.token(role, customer)

    def token_command(self, folder):
        """Prints a token: takes `--role` and `--customer`. The issuer's key is in the folder as long as the folder exists."""
        file = pathlib.Path(folder, "key.pem")
        file.write_bytes(self.issuer.pem())
        return [sys.executable, __file__, file]

    def output(self, name):
        return self._outputs[name]

    @property
    def api(self):
        return self.output("ApiUrl")

    def deploy(self):
        built = list((ROOT / "target/lambda").glob("*/bootstrap"))
        if not built:
            sys.exit("The functions are not built: run `cargo local build` first.")
        parameters = [
            f"JwtIssuer={self.issuer.name}",
            f"JwtAudience={self.issuer.audience}",
            f"Jwks='{self.issuer.jwks()}'",
            "TableDeletionProtection=false",
            "LogRetentionDays=1",
            "EventArchiveDays=1",
        ]
        command = ["sam", "deploy", "--template", "template.yaml", "--stack-name", self.stack, "--resolve-s3"]
        command += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", self.session.region_name]
        command += ["--tags", "purpose=smoke-test", "--parameter-overrides", *parameters]
        # Not the environments of samconfig.toml: their parameters are those of real stacks.
        command += ["--config-env", "smoke"]
        subprocess.run(command, check=True, cwd=ROOT)
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        self._outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def tear_down(self):
        """Deletes the stack, then the table and the buckets, which the stack retains. A deployment may have failed at any point."""
        cloudformation = self.client("cloudformation")
        retained = []
        try:
            pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.stack)
            for resource in (resource for page in pages for resource in page["StackResourceSummaries"]):
                kind, name = resource["ResourceType"], resource.get("PhysicalResourceId")
                if kind in RETAINED and name and resource["ResourceStatus"] != "DELETE_COMPLETE":
                    retained.append((kind, name))
        except cloudformation.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return
            raise
        cloudformation.delete_stack(StackName=self.stack)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.stack)
        for kind, name in retained:
            if kind == "AWS::DynamoDB::Table":
                self.client("dynamodb").delete_table(TableName=name)
            else:
                bucket = self.session.resource("s3").Bucket(name)
                bucket.objects.all().delete()
                bucket.delete()

    def logs_of(self, function):
        """The function's lines of the last day."""
        logs = self.client("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{self.stack}-")["logGroups"]
        lines = []
        for group in groups:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"],
                startTime=int((time.time() - DAY) * 1000),
                filterPattern=f'{{ $.function = "{function}" }}',
            )
            lines += [event["message"] for page in pages for event in page["events"]]
        return lines


class Issuer:
    """An issuer of tokens whose key exists during the test only."""

    name = "https://issuer.invalid"
    audience = "smoke-test"

    def __init__(self, pem=None):
        self._key = serialization.load_pem_private_key(pem, None) if pem else ec.generate_private_key(ec.SECP256R1())

    def pem(self):
        kind = serialization.PrivateFormat.PKCS8
        return self._key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())

    def jwks(self):
        numbers = self._key.public_key().public_numbers()
        x, y = (encode(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        key = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "smoke", "alg": "ES256", "use": "sig"}
        return json.dumps({"keys": [key]}, separators=(",", ":"))

    def token(self, role, customer):
        now = int(time.time())
        claims = {"iss": self.name, "aud": self.audience, "sub": "smoke-test", "roles": [role]}
        claims |= {"iat": now, "exp": now + 4 * 3600}
        if customer:
            claims["customerKey"] = customer
        parts = [{"alg": "ES256", "typ": "JWT", "kid": "smoke"}, claims]
        signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
        r, s = utils.decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def encode(data):
    return re.sub("=+$", "", base64.urlsafe_b64encode(data).decode())


def main():
    arguments = argparse.ArgumentParser(description="Prints a token of the test's issuer.")
    arguments.add_argument("key", type=pathlib.Path)
    arguments.add_argument("--role", required=True)
    arguments.add_argument("--customer")
    chosen = arguments.parse_args()
    print(Issuer(chosen.key.read_bytes()).token(chosen.role, chosen.customer))


if __name__ == "__main__":
    main()
