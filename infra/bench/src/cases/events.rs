//! Events as AWS delivers them to functions that are no endpoints.

use events::{Event, EventType, event::SOURCE};
use serde_json::{Value, json};

/// An entity's event with these images.
pub fn changed(r#type: EventType, customer: &str, key: &str, before: Option<&Value>, after: Option<&Value>) -> Value {
    let mut event = Event::sample(r#type);
    event["customerKey"] = json!(customer);
    event["entity"]["key"] = json!(key);
    for (name, image) in [("before", before), ("after", after)] {
        match (image, event.as_object_mut()) {
            (Some(image), _) => event[name] = image.clone(),
            (None, Some(event)) => drop(event.shift_remove(name)),
            (None, None) => {}
        }
    }
    event
}

/// A task's batch of one message: an event in EventBridge's envelope.
pub fn message(task: &str, event: &Value) -> Value {
    let envelope = json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": event["type"],
        "source": SOURCE, "account": "000000000000", "time": "2026-11-23T08:00:00Z", "region": "us-east-1",
        "resources": [], "detail": event,
    });
    json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": envelope.to_string(), "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3", "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{task}"), "awsRegion": "us-east-1",
    }]})
}

/// A batch of one record of the table's stream: a new item.
pub fn inserted(item: &Value) -> Value {
    json!({"Records": [{
        "eventID": "c9fbe7d0261a5163fcb6940593e41797", "eventName": "INSERT", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_420_800.0, "Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item,
            "SequenceNumber": "4421584500000000017450439091", "SizeBytes": 700, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/customers/stream/2026-11-23T00:00:00.000",
    }]})
}

/// The event that EventBridge Scheduler sends for a schedule without an input.
pub fn scheduled() -> Value {
    json!({
        "version": "0", "id": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10", "detail-type": "Scheduled Event",
        "source": "aws.scheduler", "account": "000000000000", "time": "2026-11-23T08:00:00Z", "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/bench"], "detail": "{}",
    })
}

/// A request to which no route of the API applies.
pub fn unknown_route() -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/v1/customers", "rawQueryString": "", "headers": {},
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "routeKey": "$default", "stage": "$default",
            "requestId": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10",
            "http": {"method": "OPTIONS", "path": "/v1/customers", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench/1.0"},
        },
    })
}

/// The question of an HTTP API to its Lambda authorizer, about a request with this API key.
pub fn authorizer(api_key: &str) -> Value {
    json!({
        "version": "2.0", "type": "REQUEST", "identitySource": [api_key], "routeKey": "GET /orders", "rawPath": "/orders",
        "rawQueryString": "", "headers": {"x-api-key": api_key},
        "routeArn": "arn:aws:execute-api:us-east-1:000000000000:bench/$default/GET/orders",
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "routeKey": "GET /orders", "stage": "$default",
            "requestId": "5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10",
            "http": {"method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench/1.0"},
        },
    })
}
