//! The parameters of operations, and their names as components.

use super::schemas::{self, entity};
use domain::{
    EntityKind,
    fields::{Field, Mode, Rule},
    schema,
};
use heck::{ToSnakeCase, ToUpperCamelCase};
use runtime::{
    Spec,
    spec::{API_KEY, kind_of_parameter},
};
use serde_json::{Value, json};

/// `*`, or a list of entity tags (RFC 9110, section 8.8.3).
const IF_MATCH: &str = r#"^(\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*)$"#;

/// The parameters of an operation, each with its name as a component. `all` are the specs of all operations.
pub fn of(spec: &Spec, all: &[Spec]) -> Vec<(String, Value)> {
    let path = spec.path_parameters().map(|name| path_parameter(spec, name));
    let query = spec.query_fields().into_iter().map(|field| query_parameter(&field));
    let if_match = spec.takes_if_match().then(if_match);
    let idempotency_key = spec.is_idempotent_post().then(idempotency_key);
    path.chain(query)
        .chain(if_match)
        .chain(idempotency_key)
        .map(|parameter| (component_name(spec, &parameter, all), parameter))
        .collect()
}

/// The parameter's name. A filter of lists is also named by its entity if lists differ in it.
fn component_name(spec: &Spec, parameter: &Value, all: &[Spec]) -> String {
    let name = parameter["name"].as_str().unwrap_or_default();
    let is_filter = |spec: &Spec| spec.is_list() && spec.query.iter().any(|field| field.name == name);
    if parameter["in"] != "query" || !is_filter(spec) {
        return name.to_upper_camel_case();
    }
    let is_the_same = |field: &Field| field.name != name || query_parameter(field) == *parameter;
    let is_the_same_everywhere = all
        .iter()
        .filter(|spec| is_filter(spec))
        .all(|spec| spec.query.iter().all(is_the_same));
    let entity = match entity(spec) {
        Some((entity, _)) if !is_the_same_everywhere => entity,
        _ => "",
    };
    format!("{entity}{}Filter", name.to_upper_camel_case())
}

/// A path parameter that is no typed key is a field of the entity that the operation returns.
fn path_parameter(spec: &Spec, name: &str) -> Value {
    let (schema, description, example) = match kind_of_parameter(name) {
        Some(kind) => {
            let field = Field::new("key", Rule::Key(kind), "");
            (
                schemas::of_parameter(&field),
                description_of_key(kind, name),
                schema::example(&[field], Mode::Stored)["key"].clone(),
            )
        }
        None => {
            let fields = entity(spec).map(|(_, fields)| fields).unwrap_or_default();
            let found: Vec<Field> = fields.into_iter().filter(|field| field.name == name).collect();
            match found.first() {
                Some(field) => (
                    schemas::of_parameter(field),
                    field.description.to_owned(),
                    schema::example(&found, Mode::Stored)[name].clone(),
                ),
                None => (json!({"type": "string"}), String::new(), json!("example")),
            }
        }
    };
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example})
}

fn description_of_key(kind: EntityKind, name: &str) -> String {
    if name == API_KEY {
        return "The id of the API key, which is no secret.".into();
    }
    format!("The key of the {}.", kind.name.to_snake_case().replace('_', " "))
}

fn query_parameter(field: &Field) -> Value {
    let mut schema = schemas::of_parameter(field);
    if let Some(default) = field.default.and_then(|json| serde_json::from_str::<Value>(json).ok()) {
        schema["default"] = default;
    }
    json!({"name": field.name, "in": "query", "required": field.required, "description": field.description, "schema": schema})
}

fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header", "required": false,
        "description": "The ETags of the versions to change, or `*`. If the current ETag is not among them, the answer is 412. A weak tag never matches.",
        "schema": {"type": "string", "pattern": IF_MATCH}, "example": "\"3\"",
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A new value of the caller's choice for each request, sent once. A repeat with the same value returns the first response again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-+\\--~]+$"},
        "example": "6f9a1f2c-9a35-4a53-8d5b-0a8f7a1f1a11",
    })
}
