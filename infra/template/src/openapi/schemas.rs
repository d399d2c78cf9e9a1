//! The schemas of entities, pages and request bodies.

use super::bodies;
use domain::{
    fields::{Field, Mode},
    schema,
};
use runtime::spec::{Body, Schema, Spec};
use serde_json::{Value, json};

/// The schemas that an operation refers to.
pub fn of(spec: &Spec) -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    if let Some((name, fields)) = entity(spec) {
        schemas.push((name.to_owned(), schema::object(&fields, Mode::Stored)));
        if spec.is_list() {
            schemas.push((page_name(name), page(name)));
        }
    }
    let body = match spec.body {
        Body::None => None,
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => {
            Some(schema::object(fields, Mode::Create))
        }
        Body::Patch(fields) => Some(schema::object(fields, Mode::Patch)),
    };
    schemas.extend(bodies::name(spec).zip(body));
    schemas
}

/// The entity that an operation returns, or the entity of which it returns a page.
pub fn entity(spec: &Spec) -> Option<(&'static str, Vec<Field>)> {
    spec.answer.schema().map(|Schema { name, fields, .. }| (name, fields()))
}

pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub fn page_name(entity: &str) -> String {
    format!("{entity}Page")
}

fn page(entity: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference(entity), "maxItems": 100},
            "nextCursor": {"type": ["string", "null"], "description": "The cursor of the next page; `null` on the last page."},
        },
        "required": ["items", "nextCursor"],
    })
}
