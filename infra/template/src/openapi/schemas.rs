//! The schemas of entities, pages and request bodies.

use super::bodies;
use domain::{
    fields::{Field, Mode},
    schema,
};
use runtime::{
    Answer,
    spec::{Body, Spec},
};
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
    match spec.answer {
        Answer::Entity { name, fields }
        | Answer::Created { name, fields }
        | Answer::Issued { name, fields }
        | Answer::Page { name, fields }
        | Answer::Deleted { name, fields }
        | Answer::Verdict { name, fields }
        | Answer::InPages { name, fields } => Some((name, fields())),
        Answer::Nothing | Answer::Document => None,
    }
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
