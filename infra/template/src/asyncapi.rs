//! The AsyncAPI 3.0 document: the events on the bus, and the tasks that take them.

use events::{Event, EventType, event::SOURCE};
use runtime::Function;
use serde_json::{Map, Value, json};

const ABOUT: &str = "\
Domain events of the customer service, on an EventBridge bus. To receive some, put a rule on the bus.

Every event is delivered at least once and in no particular order: `id` is the same for the same change, `version` orders an entity's.
An event over 200 KB comes without its images (`truncated`): read the entity then.
Schemas only grow: a consumer that was written against an earlier one keeps working.
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
            "address": SOURCE,
            "title": "The event bus",
            "description": "An EventBridge bus; its name is the stack's parameter EventBusName.",
            "messages": on_the_bus,
        }},
        "operations": operations,
        "components": {"messages": messages},
    })
}

fn operation(action: &str, summary: &str, events: &[EventType]) -> Value {
    let messages: Vec<Value> = events
        .iter()
        .map(|event| json!({"$ref": format!("#/channels/bus/messages/{}", event.name())}))
        .collect();
    json!({"action": action, "summary": summary, "channel": {"$ref": "#/channels/bus"}, "messages": messages})
}

/// The event as it leaves the bus: in EventBridge's envelope.
fn message(event: EventType) -> Value {
    let mut detail = event.schema();
    if let Value::Object(schema) = &mut detail {
        // The dialect is the document's.
        schema.remove("$schema");
    }
    json!({
        "name": event.name(),
        "title": event.name(),
        "summary": event.summary(),
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "properties": {
                "version": {"const": "0"},
                "id": {"type": "string", "description": "EventBridge's own; `detail.id` is the event's."},
                "detail-type": {"const": event.name()},
                "source": {"const": SOURCE},
                "account": {"type": "string"},
                "time": {"type": "string", "format": "date-time"},
                "region": {"type": "string"},
                "resources": {"type": "array", "items": {"type": "string"}},
                "detail": detail,
            },
            "required": ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"],
        },
        "examples": [{"name": "sample", "payload": envelope(event)}],
    })
}

/// A sample of the event as a rule's target gets it.
pub fn envelope(event: EventType) -> Value {
    let detail = Event::sample(event);
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": event.name(),
        "source": SOURCE,
        "account": "000000000000",
        "time": "2026-11-23T08:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    })
}
