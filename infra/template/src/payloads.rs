//! A payload for every function, in the format of its AWS trigger: for `sam local invoke`, `cargo local invoke` and the tests.

use crate::{asyncapi::envelope, openapi::bodies, sam::DEFAULT};
use anyhow::{Context, Result, bail};
use domain::{
    CustomerKey, EntityKind, Kind, View,
    customer::Customer,
    fields::{Field, Mode, Rule},
    schema,
};
use events::EventType;
use runtime::{
    Function, Spec, Started, TaskSpec, TriggerSpec,
    spec::{Body, kind_of_parameter},
};
use serde_json::{Map, Value, json};
use table::{
    item,
    keys::{self, Index},
};

/// The time of the payloads, in seconds since 1970: the same as in the documents' examples.
const TIME: i64 = 1_795_420_800;
const API_KEY: &str = "REPLACE_WITH_AN_API_KEY";
const TOKEN: &str = "Bearer REPLACE_WITH_A_TOKEN";

pub fn payload(function: &Function) -> Result<Value> {
    match function {
        Function::Endpoint(endpoint) => Ok(request(&endpoint.spec)),
        Function::Task(task) => message(&task.spec),
        Function::Trigger(trigger) => record(&trigger.spec),
        Function::Standalone(function) => Ok(match function.spec.started {
            Started::EveryMinute => scheduled(),
            Started::AsAuthorizer => http_api_authorizer(),
            Started::ByUnknownRoutes => unknown_route(),
            // It takes nothing.
            Started::ByHand => json!({}),
        }),
    }
}

/// The event that EventBridge Scheduler sends if the schedule has no input.
fn scheduled() -> Value {
    json!({
        "version": "0",
        "id": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": "2026-11-23T08:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/example"],
        "detail": "{}",
    })
}

/// The event that an HTTP API sends to its Lambda authorizer, payload format 2.0.
fn http_api_authorizer() -> Value {
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:000000000000:example/$default/GET/orders",
        "identitySource": [API_KEY],
        "routeKey": "GET /orders",
        "rawPath": "/orders",
        "rawQueryString": "",
        "headers": {"x-api-key": API_KEY},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "example",
            "http": {"method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "sample"},
            "requestId": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10",
            "routeKey": "GET /orders",
            "stage": "$default",
        },
    })
}

/// The events that REST APIs send to their Lambda authorizers, by the ending of the payload's name.
pub fn rest_api_authorizers() -> [(&'static str, Value); 2] {
    let method = "arn:aws:execute-api:us-east-1:000000000000:example/prod/GET/orders";
    [
        (
            "rest-token",
            json!({"type": "TOKEN", "methodArn": method, "authorizationToken": format!("Bearer {API_KEY}")}),
        ),
        (
            "rest-request",
            json!({
                "type": "REQUEST",
                "methodArn": method,
                "resource": "/orders",
                "path": "/orders",
                "httpMethod": "GET",
                "headers": {"X-Api-Key": API_KEY},
                "requestContext": {"stage": "prod", "requestId": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10"},
            }),
        ),
    ]
}

/// A request to which no route applies.
fn unknown_route() -> Value {
    let spec = Spec::put("", "/v1/customers", "");
    let mut request = request(&spec);
    request["routeKey"] = json!(DEFAULT);
    request["requestContext"]["routeKey"] = json!(DEFAULT);
    request
}

/// An HTTP API's request, payload format 2.0.
fn request(spec: &Spec) -> Value {
    let parameters = path_parameters(spec);
    let path = parameters.iter().fold(spec.route.to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
    });
    let route_key = format!("{} {}", spec.method.name(), spec.route);
    let body = bodies::example(spec);
    let mut headers = json!({
        "accept": "application/json",
        "authorization": TOKEN,
        "host": "example.execute-api.us-east-1.amazonaws.com",
    });
    if body.is_some() {
        let patch = matches!(spec.body, Body::Patch(_));
        headers["content-type"] = json!(if patch {
            "application/merge-patch+json"
        } else {
            "application/json"
        });
    }
    if spec.is_idempotent_post() {
        // The request has an effect only the first time that the payload is sent.
        headers["idempotency-key"] = json!(format!("sample-{}", spec.name));
    }
    let mut request = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "example",
            "domainName": "example.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "example",
            "http": {
                "method": spec.method.name(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "sample",
            },
            "requestId": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10",
            "routeKey": route_key,
            "stage": "$default",
            "time": "23/Nov/2026:08:00:00 +0000",
            "timeEpoch": TIME * 1000,
        },
        "isBase64Encoded": false,
    });
    if !parameters.is_empty() {
        request["pathParameters"] = parameters.into();
    }
    if let Some(body) = body {
        request["body"] = json!(body.to_string());
    }
    request
}

/// Examples of the route's parameters. A parameter that is no typed key is a field of a customer.
fn path_parameters(spec: &Spec) -> Map<String, Value> {
    let customer = schema::example(&Customer::fields(), Mode::Stored);
    spec.path_parameters()
        .map(|name| {
            let value = match kind_of_parameter(name) {
                Some(kind) => key(kind),
                None => customer[name].clone(),
            };
            (name.to_owned(), value)
        })
        .collect()
}

fn key(kind: EntityKind) -> Value {
    schema::example(&[Field::new("key", Rule::Key(kind), "")], Mode::Stored)["key"].clone()
}

/// A batch from the task's queue: one message, an event as the bus delivers it.
fn message(spec: &TaskSpec) -> Result<Value> {
    let event = spec
        .on
        .first()
        .with_context(|| format!("{} receives no event", spec.name))?;
    let sent = (TIME * 1000).to_string();
    Ok(json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": envelope(*event).to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": sent,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "SentTimestamp": sent,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:customer-service-{}", spec.name),
        "awsRegion": "us-east-1",
    }]}))
}

/// A batch from the table's stream: one record of a customer that was renamed.
fn record(spec: &TriggerSpec) -> Result<Value> {
    let event = events::Event::sample(EventType::updated::<Customer>());
    let old = image(&event, "before").with_context(|| format!("the payload of {}", spec.name))?;
    let new = image(&event, "after").with_context(|| format!("the payload of {}", spec.name))?;
    Ok(json!({"Records": [{
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/customer-service/stream/2026-11-23T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": TIME,
            "Keys": {keys::PK: new[keys::PK], keys::SK: new[keys::SK]},
            "OldImage": old,
            "NewImage": new,
            "SequenceNumber": "4421584500000000017450439091",
            // About right: the real number does not count the names of the types.
            "SizeBytes": old.to_string().len() + new.to_string().len(),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }]}))
}

/// An image of a customer event as the stream has it: with the attributes that only the table knows, and in DynamoDB's JSON.
fn image(event: &Value, which: &str) -> Result<Value> {
    let Value::Object(mut image) = event[which].clone() else {
        bail!("a sample event has no {which}");
    };
    let customer: CustomerKey = serde_json::from_value(image["key"].clone())?;
    let key = keys::customer(customer);
    let attributes = [
        (keys::PK, json!(key.pk)),
        (keys::SK, json!(key.sk)),
        (item::ENTITY, json!(Customer::KIND.name)),
        (item::ACTOR, event["actor"].clone()),
        (item::REQUEST_ID, event["requestId"].clone()),
        (Index::Customers.partition_attribute(), json!(keys::customer_list(0))),
    ];
    image.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    Ok(typed_fields(&image))
}

/// An object's fields in DynamoDB's JSON.
fn typed_fields(fields: &Map<String, Value>) -> Value {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), typed(value)))
        .collect::<Map<_, _>>()
        .into()
}

/// A value in DynamoDB's JSON.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(flag) => json!({"BOOL": flag}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(items) => json!({"L": items.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(fields) => json!({"M": typed_fields(fields)}),
    }
}
