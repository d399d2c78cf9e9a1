//! Request bodies, and their names as schemas and as components.

use super::schemas::{self, entity};
use domain::{
    fields::{Access, Field, Mode},
    schema,
};
use heck::ToUpperCamelCase;
use runtime::{
    Shape,
    spec::{Body, Spec},
};
use serde_json::{Value, json};

/// The operation's request body, with its name as a component: that of its schema.
pub fn of(spec: &Spec) -> Option<(String, Value)> {
    let name = name(spec)?;
    let content = json!({"schema": schemas::reference(&name), "example": example(spec)});
    let body = match spec.body {
        Body::None => return None,
        Body::Create(_) | Body::Question(_) => json!({"required": true, "content": {"application/json": content}}),
        Body::Action(fields) => {
            let required = fields.iter().any(|field| field.required);
            json!({"required": required, "content": {"application/json": content}})
        }
        Body::Patch(_) => json!({
            "required": true,
            "description": "A JSON Merge Patch (RFC 7396): `null` clears a field, an omitted field stays as it was.",
            "content": {"application/merge-patch+json": content.clone(), "application/json": content},
        }),
    };
    Some((name, body))
}

pub fn name(spec: &Spec) -> Option<String> {
    let of_entity = |suffix: &str| match entity(spec) {
        Some((name, _)) => format!("{name}{suffix}"),
        None => format!("{}{suffix}", spec.name.to_upper_camel_case()),
    };
    match spec.body {
        Body::None => None,
        Body::Create(_) if matches!(spec.answer, Shape::Created(_)) => Some(of_entity("Create")),
        Body::Patch(_) => Some(of_entity("Patch")),
        Body::Create(_) | Body::Action(_) | Body::Question(_) => {
            Some(format!("{}Request", spec.name.to_upper_camel_case()))
        }
    }
}

/// A body that the operation accepts.
pub fn example(spec: &Spec) -> Option<Value> {
    match spec.body {
        Body::None => None,
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => {
            Some(schema::example(fields, Mode::Create))
        }
        Body::Patch(fields) => Some(patch_example(fields)),
    }
}

/// Sets one field and clears another: that explains a patch better than all fields.
fn patch_example(fields: &[Field]) -> Value {
    let editable = |field: &&Field| field.access == Access::Editable;
    let set = fields.iter().filter(editable).find(|field| field.required);
    let cleared = fields
        .iter()
        .filter(editable)
        .find(|field| !field.required && field.default.is_none());
    let set: Vec<Field> = set.copied().into_iter().collect();
    let mut patch = schema::example(&set, Mode::Patch);
    if let Some(field) = cleared {
        patch[field.name] = Value::Null;
    }
    patch
}
