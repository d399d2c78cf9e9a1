"""Gives the requests that Schemathesis generates what a schema cannot: keys that exist, times in the future, and values that fit the
state of what they change. Broken parts of a request stay as they are."""

import datetime
import itertools
import json
import os
import re
import urllib.request

import schemathesis

URL, TOKEN = os.environ["API_URL"], os.environ["TOKEN"]
KEY = re.compile(r"^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{9}[ef][0-9a-hjkmnp-tv-z]{2}[89abrstv][0-9a-hjkmnp-tv-z]{12}$")
# Operations that end the entity in their path, or take it out of use: each request gets a new one.
ENDING = re.compile("^(delete|deactivate|disable|expire|rotate|dissociate)-")
# Invisible characters beyond U+FFFF, which a regular expression cannot name in the same way for all readers.
UNSEEN = re.compile("[\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")

# The service trims them off the edges of a text before it looks at its length.
BLANKS = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u2800\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

numbers = itertools.count()
# The keys that answers have shown. Schemathesis follows links with them.
known = set()


def post(path, body):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        created = json.load(answer)
    return created.get("apiKey", created)["key"]


class Scene:
    """A tenant with one entity of each kind."""

    def __init__(self):
        self.keys = {}
        for name in ["customerKey", "clientKey", "departmentKey", "locationKey", "contactKey", "groupKey", "partitionKey", "keyId"]:
            self.keys[name] = self.new(name, self.keys)

    def new(self, name, within):
        """Creates an entity below those in `within`, and returns its key."""
        number = next(numbers)
        customer = f"/v1/customers/{within.get('customerKey')}"
        owner = f"{customer}/clients/{within['clientKey']}" if "clientKey" in within and name in PARTS else customer
        address = {"line1": "1 Main Street", "city": "Springfield"}
        match name:
            case "customerKey":
                tenant = {"isTenantCustomer": True, "bootstrapTenantKey": f"scene-{number}"}
                return post("/v1/customers", {"type": "Business", "name": "Scene", **tenant})
            case "clientKey":
                return post(f"{customer}/clients", {"name": f"Client {number}", "provisionAccount": True})
            case "departmentKey":
                return post(f"{owner}/departments", {"name": f"Department {number}"})
            case "locationKey":
                return post(f"{owner}/locations", {"name": f"Location {number}", "address": address})
            case "contactKey":
                person = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@acme.example"}
                return post(f"{owner}/contacts", {"type": "Billing", **person})
            case "groupKey" | "partitionGroupKey":
                return post(f"{customer}/partition-groups", {"name": f"Group {number}"})
            case "partitionKey":
                return post(f"{customer}/partitions", {"name": f"Partition {number}", "environment": "dev"})
            case "keyId":
                body = {"kind": "Custom", "name": "Key", "scopes": ["orders:read"]}
                return post(f"{customer}/partitions/{within['partitionKey']}/api-keys", body)


PARTS = {"departmentKey", "locationKey", "contactKey"}
scene = Scene()
protected = set(scene.keys.values())


def supply_keys(operation, path):
    """Replaces well-formed keys that do not exist by keys that do."""
    names = [name for name in re.findall(r"{(\w+)}", operation.path) if name.endswith("Key") or name == "keyId"]
    ending = ENDING.match(operation.definition.raw["operationId"])
    within = {}
    for name in names:
        given = path.get(name)
        is_last = name == names[-1]
        if not isinstance(given, str) or not KEY.match(given):
            pass
        elif given not in known or (ending and is_last and given in protected):
            # A part of a client is not a part of the customer, so the scene's own keys fit only without a client.
            shared = scene.keys.get(name) if not (name in PARTS and "clientKey" in names) else None
            if shared is None or (ending and is_last) or any(within.get(n) != scene.keys.get(n) for n in within):
                try:
                    path[name] = scene.new(name, within)
                except urllib.error.HTTPError:
                    # This sequence of requests has deleted or disabled its owner.
                    pass
            else:
                path[name] = shared
        within[name] = path.get(name)


def fit(operation_id, body):
    """Fits a valid body to what exists."""
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    for name in ["windowEndsAt", "expiresAt"]:
        if body.get(name) is not None:
            body[name] = soon.isoformat()
    if body.get("bootstrapTenantKey") is not None:
        number = next(numbers)
        body["bootstrapTenantKey"] = f"tenant-{number}" if body.get("isTenantCustomer") else "scene-0"
    if operation_id.startswith(("create-", "update-")):
        # A reference to an entity of the same customer or client, which the path decides.
        for name in ["locationKey", "groupKey"]:
            if body.get(name) is not None:
                body[name] = None
    if operation_id.startswith("update-"):
        # These depend on the rest of the entity: its type, its sector, whether it is deactivated, whether it has the object to merge into.
        for name in ["person", "business", "deactivation", "address"]:
            body.pop(name, None)
    if operation_id.endswith("contact") and operation_id.startswith("update-"):
        for name in ["email", "phone"]:
            if name in body and body[name] is None:
                del body[name]


def filled(value):
    """Fills the blank edges of texts, so that a text that is too long still is when it is trimmed."""
    match value:
        case str() if inside := value.strip(BLANKS):
            start = len(value) - len(value.lstrip(BLANKS))
            return "x" * start + inside + "x" * (len(value) - start - len(inside))
        case dict():
            return {name: filled(part) for name, part in value.items()}
        case list():
            return [filled(part) for part in value]
    return value


@schemathesis.hook
def filter_body(context, body):
    return not UNSEEN.search(json.dumps(body, ensure_ascii=False, default=str))


@schemathesis.hook
def before_call(context, case, kwargs):
    operation_id = case.operation.definition.raw["operationId"]
    if case.path_parameters:
        supply_keys(case.operation, case.path_parameters)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        case.body, case.query = filled(case.body), filled(case.query)
        return
    if case.query:
        # Only the service can write a cursor.
        case.query.pop("cursor", None)
        if case.query.get("from") and case.query.get("to"):
            case.query["from"], case.query["to"] = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict):
        fit(operation_id, case.body)


@schemathesis.hook
def after_call(context, case, response):
    # The document has examples of keys.
    is_document = case.operation.definition.raw["operationId"] == "get-openapi"
    if 200 <= response.status_code < 300 and response.content and not is_document:
        known.update(re.findall(r'"(?:key|clientCustomerKey|keyId)":\s*"([a-z]{3}_[0-9a-z]{26})"', response.text))
