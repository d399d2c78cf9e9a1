"""The AWS SDK for Python against the local cloud: it sends an event to a queue through a rule, reads the table, and stores, copies and
uploads objects, also by presigned URLs."""

import json
import tempfile
import urllib.error
import urllib.request

import boto3
import local_cloud
from botocore.config import Config


def main(url):
    def client(service, **options):
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=url, region_name="us-east-1", **keys, **options)

    sqs, bus, dynamodb = client("sqs"), client("events"), client("dynamodb")
    [bus_name] = [b["Name"] for b in bus.list_event_buses()["EventBuses"] if b["Name"] != "default"]
    queue = sqs.create_queue(QueueName="mine")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="mine", EventBusName=bus_name, EventPattern=json.dumps({"source": ["me"]}))
    bus.put_targets(Rule="mine", EventBusName=bus_name, Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"EventBusName": bus_name, "Source": "me", "DetailType": "HELLO", "Detail": json.dumps({"n": 1})}
    assert bus.put_events(Entries=[entry])["FailedEntryCount"] == 0
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    [table] = dynamodb.list_tables()["TableNames"]
    assert dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"
    # The SDK's default for presigned URLs is version 2 of the signature, which S3 no longer accepts.
    objects(client("s3", config=Config(signature_version="s3v4")))


def objects(s3):
    [bucket] = [b["Name"] for b in s3.list_buckets()["Buckets"] if "logo" in b["Name"]]
    s3.put_object(Bucket=bucket, Key="a b/ü.png", Body=b"hello", ContentType="image/png", Metadata={"by": "me"})
    part = s3.get_object(Bucket=bucket, Key="a b/ü.png", Range="bytes=1-2")
    assert (part["Body"].read(), part["ContentRange"]) == (b"el", "bytes 1-2/5"), part
    assert (part["ContentType"], part["Metadata"]) == ("image/png", {"by": "me"}), part
    source = {"Bucket": bucket, "Key": "a b/ü.png"}
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": source}
    tags = {"TaggingDirective": "REPLACE", "Tagging": "state=new"}
    s3.copy_object(**copy, **tags, CopySourceIfMatch=part["ETag"])
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "state", "Value": "new"}]
    try:
        s3.copy_object(**copy, CopySourceIfMatch='"0"')
        raise AssertionError("the copy ignored its condition")
    except s3.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "PreconditionFailed", error
    # A body with a trailing checksum.
    with tempfile.TemporaryFile() as file:
        file.write(b"from a file")
        file.seek(0)
        s3.put_object(Bucket=bucket, Key="file", Body=file, ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=bucket, Key="file")["Body"].read() == b"from a file"

    params = {"Bucket": bucket, "Key": "uploaded", "ContentType": "image/png", "ContentLength": 5}
    url = s3.generate_presigned_url("put_object", Params=params, ExpiresIn=60)
    assert upload(url, b"hello", "image/svg+xml") == 403
    assert upload(url, b"hello!", "image/png") == 403
    assert upload(url, b"hello", "image/png") == 200
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    keys = [o["Key"] for page in pages for o in page["Contents"]]
    assert keys == ["a b/ü.png", "copy", "file", "uploaded"], keys
    s3.delete_object(Bucket=bucket, Key="copy")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def upload(url, content, content_type):
    request = urllib.request.Request(url, content, {"Content-Type": content_type}, method="PUT")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


with local_cloud.running() as (_, ready):
    main(ready["awsUrl"])
print("boto3: passed")
