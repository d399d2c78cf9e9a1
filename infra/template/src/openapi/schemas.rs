//! The schemas of entities, pages and request bodies.

use super::bodies;
use domain::{
    fields::{Field, Mode},
    schema::Schemas,
};
use runtime::spec::{Body, Schema, Spec};
use serde_json::{Map, Value, json};

const BASE: &str = "#/components/schemas";

/// The schemas that an operation refers to.
pub fn of(spec: &Spec) -> Map<String, Value> {
    let mut schemas = Schemas::new(BASE);
    for field in spec.query_fields() {
        schemas.rule(&field.rule, Mode::Create);
    }
    if let Some(schema) = spec.answer.schema() {
        add(&mut schemas, schema);
        if spec.is_list() {
            schemas.named.insert(page_name(schema.name), page(schema.name));
        }
    }
    let body = match spec.body {
        Body::None => None,
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => Some((fields, Mode::Create)),
        Body::Patch(fields) => Some((fields, Mode::Patch)),
    };
    if let Some((name, (fields, mode))) = bodies::name(spec).zip(body) {
        let schema = schemas.fields(fields, spec.together, mode);
        schemas.named.insert(name, schema);
    }
    schemas.named
}

fn add(schemas: &mut Schemas, schema: Schema) {
    match schema.variants {
        [] => schemas.body(schema.name, &(schema.fields)(), &[], Mode::Stored),
        variants => schemas.union(schema.name, variants),
    };
}

/// The schema of a parameter.
pub fn of_parameter(field: &Field) -> Value {
    Schemas::new(BASE).rule(&field.rule, Mode::Create)
}

/// The entity that an operation returns, or the entity of which it returns a page.
pub fn entity(spec: &Spec) -> Option<(&'static str, Vec<Field>)> {
    spec.answer.schema().map(|schema| (schema.name, fields(schema)))
}

/// The fields of a body; of its first variant, if there are several.
pub fn fields(schema: Schema) -> Vec<Field> {
    match schema.variants {
        [] => (schema.fields)(),
        [first, ..] => first.fields.to_vec(),
    }
}

pub fn reference(name: &str) -> Value {
    Schemas::new(BASE).reference(name)
}

pub fn page_name(entity: &str) -> String {
    format!("{entity}Page")
}

fn page(entity: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {
                "type": "array", "items": reference(entity), "maxItems": 100,
                "description": "At most `limit` items. A page can be shorter, even empty, although more pages follow: only `nextCursor` tells.",
            },
            "nextCursor": {"type": ["string", "null"], "description": "The cursor of the next page; `null` on the last page."},
        },
        "required": ["items", "nextCursor"],
    })
}
