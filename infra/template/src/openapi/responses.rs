//! Responses, and their names as components.

use super::schemas::{page_name, reference};
use domain::{
    Code,
    fields::{Field, Mode},
    schema,
};
use runtime::{Shape, Spec, function::EndpointFunction, problem::status, spec::Schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A response of an operation.
pub struct Response {
    pub status: u16,
    /// Its name as a component.
    pub name: String,
    pub value: Value,
}

/// Every response has this header.
const REQUEST_ID: &str = "X-Request-Id";

pub fn of(endpoint: &EndpointFunction) -> Vec<Response> {
    let mut responses = vec![success(&endpoint.spec)];
    responses.extend(dry_run(&endpoint.spec));
    let codes = endpoint.codes();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(status(*code)).or_default().push(*code);
    }
    responses.extend(by_status.into_iter().map(|(status, codes)| problem(status, &codes)));
    responses
}

fn success(spec: &Spec) -> Response {
    let mut headers = vec![REQUEST_ID];
    let is_entity = spec.answer.schema().is_some_and(|schema| schema.is_entity);
    if is_entity && !matches!(spec.answer, Shape::Page(_)) {
        headers.push("ETag");
        if matches!(spec.answer, Shape::Created(_) | Shape::Issued(_)) {
            headers.push("Location");
        }
    }
    if spec.is_idempotent_post() {
        headers.push("Idempotent-Replay");
    }
    let response = |status: u16, name: String, description: &str, content: Option<(Value, Value)>| {
        let mut value = json!({"description": description, "headers": references_to_headers(&headers)});
        if let Some((schema, example)) = content {
            value["content"] = json!({"application/json": {"schema": schema, "example": example}});
        }
        Response { status, name, value }
    };
    let content = |name: &str, fields: fn() -> Vec<Field>| Some((reference(name), example(fields)));
    match spec.answer {
        Shape::Entity(Schema { name, fields, .. }) => {
            let component = match spec.is_idempotent_post() {
                true => format!("{name}Replayable"),
                false => name.to_owned(),
            };
            response(
                200,
                component,
                "The entity in its current state.",
                content(name, fields),
            )
        }
        Shape::Created(Schema { name, fields, .. }) => {
            response(201, format!("{name}Created"), "Created.", content(name, fields))
        }
        Shape::Issued(Schema { name, fields, .. }) => response(201, name.into(), "Created.", content(name, fields)),
        Shape::Page(Schema { name, fields, .. }) => {
            let page = page_name(name);
            let example = json!({"items": [example(fields)], "nextCursor": null});
            let content = Some((reference(&page), example));
            response(200, page, "A page of the list.", content)
        }
        Shape::InPages(Schema { name, fields, .. }) => {
            response(200, name.into(), "One page of the result.", content(name, fields))
        }
        Shape::Verdict(Schema { name, fields, .. }) => response(200, name.into(), "The result.", content(name, fields)),
        Shape::Nothing | Shape::Deleted(_) => response(204, "NoContent".into(), "Done.", None),
        Shape::Document => {
            let content = (json!({"type": "object"}), json!({"openapi": "3.1.0"}));
            response(200, "Document".into(), "The document.", Some(content))
        }
    }
}

fn dry_run(spec: &Spec) -> Option<Response> {
    let Shape::Deleted(Schema { name, fields, .. }) = spec.answer else {
        return None;
    };
    let value = json!({
        "description": "With `dryRun=true`: a preview of the deletion.",
        "headers": references_to_headers(&[REQUEST_ID]),
        "content": {"application/json": {"schema": reference(name), "example": example(fields)}},
    });
    Some(Response {
        status: 200,
        name: name.into(),
        value,
    })
}

fn example(fields: fn() -> Vec<Field>) -> Value {
    schema::example(&fields(), Mode::Stored)
}

/// The response with one of these codes.
fn problem(status: u16, codes: &[Code]) -> Response {
    let mut headers = vec![REQUEST_ID];
    match status {
        401 => headers.push("WWW-Authenticate"),
        503 => headers.push("Retry-After"),
        _ => {}
    }
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    let example = |name: &&str| {
        let reference = json!({"$ref": format!("#/components/examples/{name}")});
        ((*name).to_owned(), reference)
    };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let value = json!({
        "description": quoted.join(", "),
        "headers": references_to_headers(&headers),
        "content": {"application/problem+json": {
            "schema": {"allOf": [
                reference("Problem"),
                {"type": "object", "properties": {"code": {"enum": names}, "status": {"const": status}}},
            ]},
            "examples": names.iter().map(example).collect::<Map<_, _>>(),
        }},
    });
    Response {
        status,
        name: names.join("-"),
        value,
    }
}

fn references_to_headers(names: &[&str]) -> Map<String, Value> {
    let reference = |name: &&str| {
        let reference = format!("#/components/headers/{}", name.replace('-', ""));
        ((*name).to_owned(), json!({"$ref": reference}))
    };
    names.iter().map(reference).collect()
}

/// The headers that responses refer to.
pub fn headers() -> Value {
    let text = |description: &str| json!({"required": true, "description": description, "schema": {"type": "string"}});
    let mut headers = json!({
        "XRequestId": text("The id of the request. The events, log lines and audit entries that it causes carry the same id."),
        "ETag": text("The version of the entity, in quotes."),
        "Location": text("The path of the entity that the response shows."),
        "WWWAuthenticate": text("The kind of credentials that the service accepts."),
        "RetryAfter": {"required": true, "description": "The seconds to wait before a retry.", "schema": {"type": "integer"}},
        "IdempotentReplay": text("`true` if this repeats the response to an earlier request with the same Idempotency-Key."),
    });
    headers["IdempotentReplay"]["required"] = json!(false);
    headers
}
