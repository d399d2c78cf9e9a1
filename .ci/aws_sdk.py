"""The AWS SDK for Python against the local cloud: an event put on the bus arrives in a queue, and the table can be read."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import boto3

root = pathlib.Path(__file__).resolve().parent.parent


def start(data):
    cloud = subprocess.Popen(
        [root / "target/debug/local", "--no-build", "--port", "0", "--aws-port", "0", "--data", data], cwd=root
    )
    ready = pathlib.Path(data, "ready.json")
    for _ in range(600):
        if ready.exists():
            return cloud, json.loads(ready.read_text())
        if cloud.poll() is not None:
            sys.exit("the local cloud did not start")
        time.sleep(0.1)
    sys.exit("the local cloud was not ready in a minute")


def main(url):
    def client(service):
        return boto3.client(
            service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
        )

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


with tempfile.TemporaryDirectory() as data:
    process, ready = start(data)
    try:
        main(ready["awsUrl"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert process.returncode == 0, process.returncode
print("boto3: passed")
