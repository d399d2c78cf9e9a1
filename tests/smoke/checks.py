"""The checks, the least certain ones first: that which no emulator can show, because it depends on IAM, on CloudFront or on a limit of
AWS. Each takes the service and raises `Failed`, or any other error, if it does not hold."""

import concurrent.futures
import json
import struct
import uuid
import zlib

from service import Failed, exchange

# Above the sixteen times that Lambda lets a chain of queue and function go round, with the hundred items a page of a cascade.
PAGES = 18
PAGE = 100


def create_customer(service, **fields):
    body = {"type": "Business", "name": "Smoke Test"} | fields
    return service.expect(201, "POST", "/v1/customers", body)["key"]


def create_tenant(service, **fields):
    return create_customer(service, isTenantCustomer=True, **fields)


def unique(prefix):
    return f"{prefix}{uuid.uuid4().hex[:12]}"


def transactions_within_leading_keys(service):
    """`dynamodb:LeadingKeys` inside transactions: every kind of write, each with the function's own role."""
    bootstrap, external = unique("t"), unique("x")
    once = {"Idempotency-Key": unique("k")}
    body = {"type": "Business", "name": "Tenant", "isTenantCustomer": True, "bootstrapTenantKey": bootstrap}
    body["externalId"] = external
    # Customer, bootstrap key, external id and idempotency key: four families of keys in one transaction.
    tenant = service.expect(201, "POST", "/v1/customers", body, headers=once)["key"]
    replay = service.expect(201, "POST", "/v1/customers", body, headers=once)
    if replay["key"] != tenant or replay.headers.get("idempotent-replay") != "true":
        raise Failed(f"the replay created something: {replay.text}")
    # A condition on an item of another family.
    create_customer(service, bootstrapTenantKey=bootstrap)
    path = f"/v1/customers/{tenant}"
    # One plain update, then a transaction that releases a claim and makes another.
    service.expect(200, "PATCH", path, {"phone": "+14155550100"})
    service.expect(200, "PATCH", path, {"externalId": unique("y")})
    service.expect(200, "POST", f"{path}/deactivate", {}, headers={"Idempotency-Key": unique("k")})
    service.expect(200, "POST", f"{path}/reactivate", {})
    client = service.expect(201, "POST", f"{path}/clients", {"name": "Client", "provisionAccount": True})["key"]
    department = {"name": "Sales", "internalCode": "S-1"}
    for owner in (path, f"{path}/clients/{client}"):
        made = service.expect(201, "POST", f"{owner}/departments", department)["key"]
        service.expect(200, "PATCH", f"{owner}/departments/{made}", {"internalCode": "S-2"})
        service.expect(204, "DELETE", f"{owner}/departments/{made}")
    service.expect(200, "DELETE", f"{path}?dryRun=true")


def queries_of_every_index(service):
    """`dynamodb:LeadingKeys` on indexes: a query of each, with the function's own role."""
    bootstrap, external = unique("t"), unique("x")
    tenant = create_tenant(service, bootstrapTenantKey=bootstrap, externalId=external)

    def found(path, read):
        # An index follows the table with a delay.
        def holds():
            answer = service.send("GET", path)
            if answer.status not in (200, 404):
                raise Failed(f"GET {path} answered {answer.status}: {answer.text[:500]}")
            return answer.status == 200 and tenant in read(answer)

        service.until(f"GET {path} finds {tenant}", holds)

    found(f"/v1/customers/external/{external}", lambda answer: answer["key"])
    found(f"/v1/tenants/{bootstrap}", lambda answer: answer["key"])
    service.expect(200, "GET", "/v1/customers?limit=100")
    # The index of expiring keys has a function of its own, which the schedule invokes too.
    result = invoke(service, "expire-due-api-keys", {})
    if "errorMessage" in result:
        raise Failed(f"expire-due-api-keys: {result}")


def refusals_are_audited(service):
    """A foreign key is refused, and the refusal is in the trail of the caller's own tenant."""
    own, foreign = create_tenant(service), create_tenant(service)
    token = service.target.token("CustomerAdmin", own)
    service.expect(400, "GET", f"/v1/customers/{foreign}", token=token)

    def audited():
        entries = service.expect(200, "GET", f"/v1/customers/{own}/audit?limit=100")["items"]
        return any(foreign in json.dumps(entry) for entry in entries)

    service.until("the refusal is in the audit trail", audited)


def unknown_routes_and_methods(service):
    """A problem document with a request id for all that no route takes, and HEAD wherever GET is."""
    customer = create_tenant(service)
    path = f"/v1/customers/{customer}"
    for method, route, status in (
        ("GET", "/v1/no-such-thing", 404),
        ("GET", "/v1", 404),
        ("PUT", path, 405),
        ("DELETE", "/v1/openapi.json", 405),
    ):
        answer = service.expect(status, method, route)
        problem = answer.body
        if problem.get("status") != status or "x-request-id" not in answer.headers:
            raise Failed(f"{method} {route} is no problem document: {answer.headers} {answer.text}")
        if status == 405 and not answer.headers.get("allow"):
            raise Failed(f"{method} {route} has no Allow")
    head = service.expect(200, "HEAD", path)
    if head.text or "etag" not in head.headers:
        raise Failed(f"HEAD {path}: {head.headers} {head.text!r}")
    unauthorized = service.expect(401, "GET", path, token="")
    if "www-authenticate" not in {name.replace("x-amzn-remapped-", "") for name in unauthorized.headers}:
        raise Failed(f"401 without WWW-Authenticate: {unauthorized.headers}")


def logo_upload(service):
    """A presigned upload, the confirmation, and the distribution."""
    path = f"/v1/customers/{create_tenant(service)}/logo"
    image = png(8, 8)
    asked = service.expect(201, "POST", path, {"contentType": "image/png", "bytes": len(image)})
    upload = asked["upload"]
    refused = exchange(upload["method"], upload["url"], image + b"x", upload["headers"] | {"content-length": str(len(image) + 1)})
    if refused.status != 403:
        raise Failed(f"an upload of another length answered {refused.status}: {refused.text[:500]}")
    stored = exchange(upload["method"], upload["url"], image, upload["headers"])
    if stored.status != 200:
        raise Failed(f"the upload answered {stored.status}: {stored.text[:500]}")
    url = service.expect(200, "PUT", path, {"receipt": asked["receipt"]})["logo"]["url"]

    def served():
        answer = exchange("GET", url)
        return answer.status == 200 and answer.headers["content-type"] == "image/png"

    service.until(f"{url} is served", served)


def api_keys_end_with_their_client(service):
    """The tour's story: a key works, its client is disabled, and the key is dead."""
    tenant = f"/v1/customers/{create_tenant(service)}"
    client = service.expect(201, "POST", f"{tenant}/clients", {"name": "Client", "provisionAccount": True})
    account = f"/v1/customers/{client['clientCustomerKey']}"
    partition = service.expect(201, "POST", f"{account}/partitions", {"name": "Orders", "environment": "prod"})["key"]
    keys = f"{account}/partitions/{partition}/api-keys"
    plaintext = service.expect(201, "POST", keys, {"kind": "Custom", "name": "Web", "scopes": ["orders:read"]})["plaintext"]

    def valid():
        verified = service.expect(200, "POST", "/v1/api-keys/verify", {"plaintext": plaintext}, token="")
        return verified["valid"]

    if not valid():
        raise Failed("a new key does not verify")
    event = {"version": "2.0", "type": "REQUEST", "headers": {"x-api-key": plaintext}}
    if invoke(service, "authorize-api-key", event).get("isAuthorized") is not True:
        raise Failed("the authorizer refuses a valid key")
    service.expect(200, "POST", f"{tenant}/clients/{client['key']}/disable", {})
    service.until("the key is dead", lambda: not valid())


def events_reach_a_rule(service):
    """A rule of an integrator on the bus gets the event of a new customer."""
    target = service.target
    sqs, events = target.client("sqs"), target.client("events")
    name = f"{target.stack}-smoke-test"
    bus = target.output("EventBusName")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    try:
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": ["customer-service"], "detail-type": ["CUSTOMER_CREATED"]})
        rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
        try:
            allow_rule(sqs, url, arn, rule)
            events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])

            def arrived():
                # A rule takes effect after a while, so each attempt creates a customer of its own.
                key = create_tenant(service)
                messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
                return any(key in message["Body"] for message in messages.get("Messages", []))

            service.until("an event arrives", arrived)
            events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        finally:
            events.delete_rule(Name=name, EventBusName=bus, Force=True)
    finally:
        sqs.delete_queue(QueueUrl=url)


def allow_rule(sqs, url, queue, rule):
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    statement |= {"Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def long_cascades_end(service):
    """A cascade goes round more often than the sixteen times after which Lambda stops a recursive loop."""
    customer = create_tenant(service)
    path = f"/v1/customers/{customer}"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        names = [{"name": f"Department {number}"} for number in range(PAGES * PAGE)]
        list(pool.map(lambda body: service.expect(201, "POST", f"{path}/departments", body), names))
    service.expect(204, "DELETE", path)
    table, dynamodb = service.target.output("TableName"), service.target.client("dynamodb")

    def left():
        query = {
            "TableName": table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": f"CUS#{customer}"}, ":sk": {"S": "DEP#"}},
            "Select": "COUNT",
            "ConsistentRead": True,
        }
        return dynamodb.query(**query)["Count"]

    service.until(f"none of {PAGES * PAGE} departments is left", lambda: left() == 0)


def dead_letters_return(service):
    """A message in a dead-letter queue that EventBridge put there has no queue of origin: a redrive needs the destination."""
    target = service.target
    sqs = target.client("sqs")
    queue = f"{target.stack}-create-customer-location"
    urls = {name: sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in (queue, f"{queue}-dead-letters")}
    arns = {
        name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, url in urls.items()
    }
    dead = f"{queue}-dead-letters"
    # An event without content: the task drops it, so the redrive is all that happens.
    event = {"source": "customer-service", "detail-type": "CUSTOMER_CREATED", "detail": {}}
    sqs.send_message(QueueUrl=urls[dead], MessageBody=json.dumps(event))

    def waiting(name):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=urls[name], AttributeNames=names)["Attributes"]
        return sum(int(count) for count in attributes.values())

    service.until("the dead letter is there", lambda: waiting(dead) > 0)
    sqs.start_message_move_task(SourceArn=arns[dead], DestinationArn=arns[queue])
    service.until("the dead letter is gone", lambda: waiting(dead) == 0)
    service.until("the task has taken the message", lambda: waiting(queue) == 0)
    # The task may give the message up again: it names no customer.
    sqs.purge_queue(QueueUrl=urls[dead])


def log_lines_are_found_by_function(service):
    """Lambda's JSON log format leaves our lines as they are: a filter on `function` finds them."""
    create_tenant(service)

    def found():
        lines = [json.loads(line) for line in service.target.logs_of("create-customer")]
        return [line for line in lines if line.get("function") == "create-customer"]

    line = service.until("a line of create-customer", found)[-1]
    for field in ("timestamp", "level", "message"):
        if field not in line:
            raise Failed(f"a line without {field}: {line}")


def nothing_was_given_up(service):
    """No dead letters, and nothing that the stream's trigger gave up."""
    target = service.target
    sqs, s3 = target.client("sqs"), target.client("s3")
    for url in sqs.list_queues(QueueNamePrefix=target.stack).get("QueueUrls", []):
        if url.endswith(("-dead-letters", "-failures")):
            count = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
            if count["ApproximateNumberOfMessages"] != "0":
                raise Failed(f"{url} has messages")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(f"{target.stack}-") and "failures" in name and s3.list_objects_v2(Bucket=name)["KeyCount"]:
            raise Failed(f"{name} has objects")


def invoke(service, function, payload):
    answer = service.target.client("lambda").invoke(
        FunctionName=f"{service.target.stack}-{function}", Payload=json.dumps(payload).encode()
    )
    return json.loads(answer["Payload"].read()) or {}


def png(width, height):
    """A whole image: the service reads more than its signature."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


ALL = [
    transactions_within_leading_keys,
    queries_of_every_index,
    refusals_are_audited,
    logo_upload,
    unknown_routes_and_methods,
    log_lines_are_found_by_function,
    events_reach_a_rule,
    api_keys_end_with_their_client,
    long_cascades_end,
    nothing_was_given_up,
    # Last: it leaves a message that the task may give up.
    dead_letters_return,
]
