//! The AsyncAPI 3.0 document: the events on the bus, and the tasks that receive them. It refers to the schemas of events, which are
//! documents of their own.

use domain::EventKey;
use events::{Event, EventType, event::SOURCE};
use runtime::Function;
use serde_json::{Map, Value, json};

const ABOUT: &str = "\
Domain events of the customer service, on an EventBridge bus. Put a rule on the bus to receive them.

Every event is delivered at least once, and events arrive in any order. All deliveries of a change have the same `id`; `version` orders
the events of an entity.
An event over 200 KB comes without its images (`truncated`): read the entity instead.
Every event names the tenant (`bootstrapTenantKey`) and the kind of its entity (`entity.kind`), so that a rule can select by them.
Schemas only grow: a consumer of an earlier version keeps working. A change that would break it is a new type of event.
";

pub fn document(functions: &[Function]) -> Value {
    let messages: Map<String, Value> = EventType::ALL
        .iter()
        .map(|event| (event.name().to_owned(), message(*event)))
        .collect();
    let on_the_bus: Map<String, Value> = EventType::ALL
        .iter()
        .map(|event| {
            let reference = json!({"$ref": format!("#/components/messages/{}", event.name())});
            (event.name().to_owned(), reference)
        })
        .collect();
    let mut operations = Map::new();
    for function in functions {
        let operation = match function {
            Function::Endpoint(_) | Function::Standalone(_) => continue,
            Function::Trigger(_) => operation("send", function.summary(), EventType::ALL),
            Function::Task(task) => operation("receive", task.spec.summary, task.spec.on),
        };
        operations.insert(function.name().to_owned(), operation);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Customer service events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"bus": {
            "address": "{eventBusName}",
            "title": "The event bus",
            "description": "An EventBridge bus. The stack's output EventBusArn names it.",
            "parameters": {"eventBusName": {
                "description": "The name of the stack, unless its parameter EventBusName gives another.",
            }},
            "messages": on_the_bus,
        }},
        "operations": operations,
        "components": {"schemas": {"Envelope": envelope_schema()}, "messages": messages},
    })
}

fn operation(action: &str, summary: &str, events: &[EventType]) -> Value {
    let messages: Vec<Value> = events
        .iter()
        .map(|event| json!({"$ref": format!("#/channels/bus/messages/{}", event.name())}))
        .collect();
    json!({"action": action, "summary": summary, "channel": {"$ref": "#/channels/bus"}, "messages": messages})
}

/// The event in EventBridge's envelope.
fn message(event: EventType) -> Value {
    let detail = format!("schemas/{}.json", event.name());
    json!({
        "name": event.name(),
        "title": event.name(),
        "summary": event.summary(),
        "contentType": "application/json",
        "payload": {"allOf": [
            {"$ref": "#/components/schemas/Envelope"},
            {"type": "object", "properties": {"detail-type": {"const": event.name()}, "detail": {"$ref": detail}}},
        ]},
        "examples": [{"name": "sample", "payload": envelope(event)}],
    })
}

fn envelope_schema() -> Value {
    json!({
        "type": "object",
        "description": "EventBridge's envelope. The event is its `detail`.",
        "properties": {
            "version": {"const": "0"},
            "id": {"type": "string", "description": "EventBridge's id. The id of the event is `detail.id`."},
            "source": {"const": SOURCE},
            "account": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "region": {"type": "string"},
            "resources": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"],
    })
}

/// A sample of the event as a rule delivers it.
pub fn envelope(event: EventType) -> Value {
    let detail = Event::sample(event);
    json!({
        "version": "0",
        // Each sample has ids of its own.
        "id": detail["id"].as_str().and_then(|id| id.parse::<EventKey>().ok()).map(|id| id.uuid().to_string()),
        "detail-type": event.name(),
        "source": SOURCE,
        "account": "000000000000",
        "time": "2026-11-23T08:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    })
}
