//! Responses, and their names as components.

use super::{
    links,
    schemas::{self, page_name, reference},
};
use domain::{Code, fields::Mode, schema};
use heck::ToUpperCamelCase;
use runtime::{
    Shape, Spec,
    function::EndpointFunction,
    problem::status,
    spec::{Body, CLIENT, Schema},
};
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

/// The responses of an operation. `all` are the specs of all operations.
pub fn of(endpoint: &EndpointFunction, all: &[Spec]) -> Vec<Response> {
    let mut responses = vec![success(&endpoint.spec, all)];
    responses.extend(dry_run(&endpoint.spec));
    let codes = endpoint.codes();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(status(*code)).or_default().push(*code);
    }
    for (status, _) in GATEWAY {
        by_status.entry(*status).or_default();
    }
    if matches!(endpoint.spec.body, Body::None) {
        // Only a body can be too large.
        by_status.remove(&413);
    }
    responses.extend(by_status.into_iter().map(|(status, codes)| refusal(status, &codes)));
    responses
}

fn success(spec: &Spec, all: &[Spec]) -> Response {
    let mut headers = vec![REQUEST_ID];
    if spec.answer.schema().is_some_and(|schema| schema.is_versioned) && !spec.is_list() {
        headers.push("ETag");
        if matches!(spec.answer, Shape::Created(_) | Shape::Issued(_)) {
            headers.push("Location");
        }
    }
    if spec.is_idempotent_post() {
        headers.push("Idempotent-Replay");
    }
    let links = links::of(spec, all);
    let response = |status: u16, name: String, description: &str, content: Option<(Value, Value)>| {
        // The links of a client's parts name the client too.
        let is_within_client = |link: &Value| link["parameters"][CLIENT] == format!("$request.path.{CLIENT}");
        let name = match links.values().any(is_within_client) {
            true => format!("Client{name}"),
            false => name,
        };
        let mut value = json!({"description": description, "headers": references_to_headers(&headers)});
        if let Some((schema, example)) = content {
            value["content"] = json!({"application/json": {"schema": schema, "example": example}});
        }
        if !links.is_empty() {
            value["links"] = links.clone().into();
        }
        Response { status, name, value }
    };
    let content = |schema: Schema| Some((reference(schema.name), example(schema)));
    match spec.answer {
        Shape::Entity(schema) => {
            let name = schema.name;
            let component = match spec.is_idempotent_post() {
                true => format!("{name}Replayable"),
                false => name.to_owned(),
            };
            response(200, component, "The entity in its current state.", content(schema))
        }
        Shape::Created(schema) => response(201, format!("{}Created", schema.name), "Created.", content(schema)),
        Shape::Issued(schema) => response(201, schema.name.into(), "Created.", content(schema)),
        Shape::Page(schema) => {
            let page = page_name(schema.name);
            let example = json!({"items": [example(schema)], "nextCursor": null});
            let content = Some((reference(&page), example));
            response(200, page, "A page of the list.", content)
        }
        Shape::InPages(schema) => response(200, schema.name.into(), "One page of the result.", content(schema)),
        Shape::Verdict(schema) => response(200, schema.name.into(), "The result.", content(schema)),
        Shape::Nothing | Shape::Deleted(_) => response(204, "NoContent".into(), "Done.", None),
        Shape::Document => {
            let content = (json!({"type": "object"}), json!({"openapi": "3.1.0"}));
            response(200, "Document".into(), "The document.", Some(content))
        }
    }
}

fn dry_run(spec: &Spec) -> Option<Response> {
    let Shape::Deleted(schema) = spec.answer else {
        return None;
    };
    let name = schema.name;
    let value = json!({
        "description": "With `dryRun=true`: a preview of the deletion.",
        "headers": references_to_headers(&[REQUEST_ID]),
        "content": {"application/json": {"schema": reference(name), "example": example(schema)}},
    });
    Some(Response {
        status: 200,
        name: name.into(),
        value,
    })
}

fn example(schema: Schema) -> Value {
    schema::example(&schemas::fields(schema), Mode::Stored)
}

/// The statuses with which API Gateway itself answers, and its messages.
const GATEWAY: &[(u16, &str)] = &[
    (413, "Request Entity Too Large"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
];

pub fn gateway_schema() -> Value {
    json!({
        "type": "object",
        "description": "API Gateway's own answer. Its header `apigw-requestid` identifies the request.",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    })
}

/// The response with one of these codes. With some statuses, API Gateway answers too.
fn refusal(status: u16, codes: &[Code]) -> Response {
    let gateway = GATEWAY.iter().find(|(known, _)| *known == status);
    let mut response = problem(status, codes);
    let Some((_, message)) = gateway else {
        return response;
    };
    // The headers are the service's. The gateway's answers have none of them.
    let names = response.value["headers"].as_object().into_iter().flat_map(Map::keys);
    let headers: Map<String, Value> = match codes {
        [] => Map::new(),
        _ => names
            .map(|name| (name.clone(), reference_to_header(&format!("{name}-of-service"))))
            .collect(),
    };
    response.value["headers"] = headers.into();
    let about = format!("API Gateway: {message}");
    response.value["description"] = match codes {
        [] => about.into(),
        _ => format!(
            "{}. {about}",
            response.value["description"].as_str().unwrap_or_default()
        )
        .into(),
    };
    if codes.is_empty() {
        response.value["content"] = json!({});
        response.name = message.to_upper_camel_case();
    }
    response.value["content"]["application/json"] =
        json!({"schema": reference("GatewayMessage"), "example": {"message": message}});
    response
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
            "schema": {"allOf": [reference("Problem"), {"properties": {"status": {"const": status}}}]},
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
    names
        .iter()
        .map(|name| ((*name).to_owned(), reference_to_header(name)))
        .collect()
}

fn reference_to_header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{}", name.to_upper_camel_case())})
}

/// The headers that responses refer to.
pub fn headers() -> Value {
    let text = |description: &str| json!({"required": true, "description": description, "schema": {"type": "string"}});
    let mut headers = json!({
        "XRequestId": text("The id of the request. The events, log lines and audit entries that it causes carry the same id."),
        "ETag": text("The version of the entity, in quotes."),
        "Location": text("The path of the entity that the response shows."),
        "WwwAuthenticate": text("The kind of credentials that the service accepts."),
        "RetryAfter": {"required": true, "description": "The seconds to wait before a retry.", "schema": {"type": "integer"}},
        "IdempotentReplay": text("`true` if this repeats the response to an earlier request with the same Idempotency-Key."),
    });
    headers["IdempotentReplay"]["required"] = json!(false);
    for name in ["XRequestId", "RetryAfter"] {
        let mut header = headers[name].clone();
        header["required"] = json!(false);
        let about = header["description"].as_str().unwrap_or_default();
        header["description"] = format!("{about} API Gateway's own answers do not have it.").into();
        headers[format!("{name}OfService")] = header;
    }
    headers
}
