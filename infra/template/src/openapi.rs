//! The OpenAPI 3.1 document, from what the endpoints declare.

use crate::{AREAS, area_of, problems};
use domain::fields::{Access, Field, Mode, Rule};
use domain::{Code, schema};
use heck::ToUpperCamelCase;
use runtime::{
    Function, Shape,
    access::AccessRule,
    function::EndpointFunction,
    problem::{status, title},
    spec::{Body, Schema, Spec, kind_of_parameter},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ABOUT: &str = "\
Customers, their lifecycle and their organisation, for many tenants.

- Bodies are JSON. A field without a value is left out of answers; `null` in a request is as good as absent, and clears in a merge patch.
- Keys are a prefix and a UUIDv7 in 26 characters, such as `cus_01kb1v0c1tfr2v6krscysfnvgb`. A malformed key is the key of nothing: 404.
- An entity's answer carries its `ETag`; send it as `If-Match` to change only what you have seen.
- A POST with an `Idempotency-Key` can be repeated: the first answer is kept for 24 hours and given again.
- Lists give a page and a `nextCursor`, which opens the next page of the same list with the same filters.
- Errors are RFC 9457 problems. What is asked first: 401, 403, `KEY_MISMATCH`, 400, 404, then 409 and 412.
- A request that never reaches the service (unknown route, over the rate, over 10 MB) is answered by API Gateway with `{\"message\": \"…\"}`.
";

/// Every answer has it.
const REQUEST_ID: &str = "X-Request-Id";

pub fn document(functions: &[Function]) -> Value {
    let endpoints: Vec<EndpointFunction> = functions
        .iter()
        .flat_map(|function| match function {
            Function::Endpoint(endpoint) => endpoint.by_route(),
            _ => Vec::new(),
        })
        .collect();
    let mut paths = Map::new();
    let mut schemas = BTreeMap::from([("Problem".to_owned(), problems::schema())]);
    for endpoint in endpoints {
        let spec = &endpoint.spec;
        let path = paths.entry(spec.route).or_insert_with(|| json!({}));
        path[spec.method.name().to_lowercase()] = operation(&endpoint);
        schemas.extend(schemas_of(spec));
    }
    let examples: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| {
            let example = json!({"summary": title(*code), "value": problems::example(*code)});
            (code.name().to_owned(), example)
        })
        .collect();
    let responses: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| (code.name().to_owned(), problem_response(status(*code), &[*code])))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Customer service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document is."}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "A token of the configured issuer: RS256, ES256 or EdDSA, with `iss`, `aud`, `exp` and `sub`; `customerKey` (absent for platform staff), `clientId` and `roles` say what it opens.",
            }},
            "parameters": parameters(),
            "headers": headers(),
            "schemas": schemas,
            "responses": responses,
            "examples": examples,
        },
    })
}

fn tags() -> Vec<Value> {
    AREAS
        .iter()
        .filter(|area| area.functions.iter().any(|f| matches!(f, Function::Endpoint(_))))
        .map(|area| json!({"name": area.name, "description": area.summary}))
        .collect()
}

fn operation(endpoint: &EndpointFunction) -> Value {
    let EndpointFunction { spec, access, .. } = endpoint;
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "tags": area_of(spec.name).map(|area| area.name).into_iter().collect::<Vec<_>>(),
        "summary": spec.summary,
        "description": permissions_in_words(access),
        "x-permissions": permissions(access),
        "parameters": parameters_of(spec),
        "responses": responses(endpoint),
    });
    if access.public {
        operation["security"] = json!([]);
    }
    if let Some(body) = request_body(spec) {
        operation["requestBody"] = body;
    }
    operation
}

/// A function's name; at its route for clients, with the client in it.
fn operation_id(endpoint: &EndpointFunction) -> String {
    let name = endpoint.spec.name;
    let serves_both = AREAS
        .iter()
        .flat_map(|area| area.functions)
        .any(|f| matches!(f, Function::Endpoint(e) if e.spec.name == name && e.spec.of_client.is_some()));
    match name.split_once('-') {
        Some((verb, thing)) if serves_both && endpoint.spec.is_of_client() => format!("{verb}-client-{thing}"),
        _ => name.to_owned(),
    }
}

fn permissions(access: &AccessRule) -> Value {
    let held = [
        ("own", access.own),
        ("parent", access.parent),
        ("platform", access.platform),
    ];
    held.into_iter()
        .filter_map(|(capacity, held)| Some((capacity.to_owned(), json!(held?.name()))))
        .collect::<Map<_, _>>()
        .into()
}

fn permissions_in_words(access: &AccessRule) -> String {
    if access.public {
        return "Needs no credentials.".into();
    }
    let ways: Vec<String> = [
        (access.own, "in the caller's own tenant"),
        (
            access.parent,
            "in the tenant for whose client the account was provisioned",
        ),
        (access.platform, "as platform staff"),
    ]
    .into_iter()
    .filter_map(|(held, place)| Some(format!("`{}` {place}", held?.name())))
    .collect();
    format!("Needs {}.", ways.join(", or "))
}

fn parameters_of(spec: &Spec) -> Vec<Value> {
    let path = spec.path_parameters().map(|name| path_parameter(spec, name));
    let query = spec.query_fields().into_iter().map(|field| query_parameter(&field));
    let if_match = spec
        .takes_if_match()
        .then(|| json!({"$ref": "#/components/parameters/IfMatch"}));
    let idempotency = spec
        .is_idempotent_post()
        .then(|| json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    path.chain(query).chain(if_match).chain(idempotency).collect()
}

/// A parameter that is no typed key is a field of what it finds.
fn path_parameter(spec: &Spec, name: &str) -> Value {
    let (schema, about, example) = match kind_of_parameter(name) {
        Some(kind) => {
            let field = Field::new("key", Rule::Key(kind), "");
            (
                schema::rule(&field.rule, Mode::Stored),
                format!("The {}'s key.", kind.name.to_lowercase()),
                schema::example(&[field], Mode::Stored)["key"].clone(),
            )
        }
        None => {
            let fields = entity(spec).map(|(_, fields)| fields).unwrap_or_default();
            let found: Vec<Field> = fields.into_iter().filter(|field| field.name == name).collect();
            match found.first() {
                Some(field) => (
                    schema::rule(&field.rule, Mode::Stored),
                    field.description.to_owned(),
                    schema::example(&found, Mode::Stored)[name].clone(),
                ),
                None => (json!({"type": "string"}), String::new(), json!("example")),
            }
        }
    };
    json!({"name": name, "in": "path", "required": true, "description": about, "schema": schema, "example": example})
}

fn query_parameter(field: &Field) -> Value {
    let mut schema = schema::rule(&field.rule, Mode::Create);
    if let Some(default) = field.default.and_then(|json| serde_json::from_str::<Value>(json).ok()) {
        schema["default"] = default;
    }
    json!({"name": field.name, "in": "query", "required": field.required, "description": field.description, "schema": schema})
}

fn request_body(spec: &Spec) -> Option<Value> {
    let schema = json!({"$ref": format!("#/components/schemas/{}", body_name(spec)?)});
    let content = json!({"schema": schema, "example": body_example(spec)});
    Some(match spec.body {
        Body::None => return None,
        Body::Create(_) => json!({"required": true, "content": {"application/json": content}}),
        Body::Question(_) => json!({"required": true, "content": {"application/json": content}}),
        Body::Action(_) => json!({"required": false, "content": {"application/json": content}}),
        Body::Patch(_) => json!({
            "required": true,
            "description": "A JSON Merge Patch (RFC 7396): `null` clears, what is absent stays.",
            "content": {"application/merge-patch+json": content.clone(), "application/json": content},
        }),
    })
}

/// A body that the endpoint takes.
pub fn body_example(spec: &Spec) -> Option<Value> {
    match spec.body {
        Body::None => None,
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => {
            Some(schema::example(fields, Mode::Create))
        }
        Body::Patch(fields) => Some(patch_example(fields)),
    }
}

/// One field that is set and one that is cleared say more than all of them.
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

fn body_name(spec: &Spec) -> Option<String> {
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

fn entity(spec: &Spec) -> Option<(&'static str, Vec<Field>)> {
    spec.answer.schema().map(|Schema { name, fields }| (name, fields()))
}

fn schemas_of(spec: &Spec) -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    if let Some((name, fields)) = entity(spec) {
        schemas.push((name.to_owned(), schema::object(&fields, Mode::Stored)));
        if spec.is_list() {
            schemas.push((format!("{name}Page"), page(name)));
        }
    }
    let body = match spec.body {
        Body::None => None,
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => {
            Some(schema::object(fields, Mode::Create))
        }
        Body::Patch(fields) => Some(schema::object(fields, Mode::Patch)),
    };
    schemas.extend(body_name(spec).zip(body));
    schemas
}

fn page(name: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}, "maxItems": 100},
            "nextCursor": {"type": ["string", "null"], "description": "Opens the next page; `null` on the last one."},
        },
        "required": ["items", "nextCursor"],
    })
}

fn responses(endpoint: &EndpointFunction) -> Value {
    let spec = &endpoint.spec;
    let mut responses = Map::new();
    let (good_status, good) = good_response(spec);
    responses.insert(good_status.to_owned(), good);
    if let Shape::Deleted(Schema { name, fields }) = spec.answer {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        let example = schema::example(&fields(), Mode::Stored);
        let dry_run = json!({
            "description": "With `dryRun=true`: what would go.",
            "headers": header_refs(&[REQUEST_ID]),
            "content": {"application/json": {"schema": schema, "example": example}},
        });
        responses.insert("200".into(), dry_run);
    }
    let codes = endpoint.codes();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        by_status.entry(status(*code)).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let response = match codes.as_slice() {
            // Most statuses have one code and are the same everywhere.
            [code] => json!({"$ref": format!("#/components/responses/{}", code.name())}),
            codes => problem_response(status, codes),
        };
        responses.insert(status.to_string(), response);
    }
    responses.into()
}

fn good_response(spec: &Spec) -> (&'static str, Value) {
    let mut headers = vec![REQUEST_ID];
    if matches!(spec.answer, Shape::Entity(_) | Shape::Created(_)) {
        headers.push("ETag");
    }
    if matches!(spec.answer, Shape::Created(_)) {
        headers.push("Location");
    }
    if spec.is_idempotent_post() {
        headers.push("Idempotent-Replay");
    }
    let response = |summary: &str, content: Option<(Value, Value)>| {
        let mut response = json!({"description": summary, "headers": header_refs(&headers)});
        if let Some((schema, example)) = content {
            response["content"] = json!({"application/json": {"schema": schema, "example": example}});
        }
        response
    };
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    match spec.answer {
        Shape::Entity(Schema { name, fields }) => {
            let example = schema::example(&fields(), Mode::Stored);
            ("200", response("As it is now.", Some((reference(name), example))))
        }
        Shape::Created(Schema { name, fields }) | Shape::Issued(Schema { name, fields }) => {
            let example = schema::example(&fields(), Mode::Stored);
            ("201", response("Made.", Some((reference(name), example))))
        }
        Shape::Page(Schema { name, fields }) => {
            let example = json!({"items": [schema::example(&fields(), Mode::Stored)], "nextCursor": null});
            (
                "200",
                response("A page.", Some((reference(&format!("{name}Page")), example))),
            )
        }
        Shape::InPages(Schema { name, fields }) => {
            let example = schema::example(&fields(), Mode::Stored);
            (
                "200",
                response("As much as fits a page.", Some((reference(name), example))),
            )
        }
        Shape::Verdict(Schema { name, fields }) => {
            let example = schema::example(&fields(), Mode::Stored);
            ("200", response("The answer.", Some((reference(name), example))))
        }
        Shape::Nothing | Shape::Deleted(_) => ("204", response("Done.", None)),
        Shape::Document => (
            "200",
            response(
                "The document.",
                Some((json!({"type": "object"}), json!({"openapi": "3.1.0"}))),
            ),
        ),
    }
}

fn problem_response(status: u16, codes: &[Code]) -> Value {
    let mut headers = vec![REQUEST_ID];
    match status {
        401 => headers.push("WWW-Authenticate"),
        503 => headers.push("Retry-After"),
        _ => {}
    }
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            (
                code.name().to_owned(),
                json!({"$ref": format!("#/components/examples/{}", code.name())}),
            )
        })
        .collect();
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    json!({
        "description": codes.iter().map(|code| format!("`{}`", code.name())).collect::<Vec<_>>().join(", "),
        "headers": header_refs(&headers),
        "content": {"application/problem+json": {
            "schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"type": "object", "properties": {"code": {"enum": names}, "status": {"const": status}}},
            ]},
            "examples": examples,
        }},
    })
}

fn header_refs(names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| {
            let reference = format!("#/components/headers/{}", name.replace('-', ""));
            ((*name).to_owned(), json!({"$ref": reference}))
        })
        .collect()
}

fn parameters() -> Value {
    json!({
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The ETag that the change is based on, or `*`. Where it is stale the answer is 412.",
            "schema": {"type": "string", "pattern": "^(\\*|\"[0-9]+\")$"}, "example": "\"3\"",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Of the caller's choice, new for each thing to be done. A repeat with it gets the first answer again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "example": "6f9a1f2c-9a35-4a53-8d5b-0a8f7a1f1a11",
        },
    })
}

fn headers() -> Value {
    let text = |summary: &str| json!({"required": true, "description": summary, "schema": {"type": "string"}});
    let mut headers = json!({
        "XRequestId": text("The request's id, as it is on the events, log lines and audit entries that it causes."),
        "ETag": text("The entity's version, in quotes."),
        "Location": text("The path of what was made."),
        "WWWAuthenticate": text("Which credentials are asked for."),
        "RetryAfter": {"required": true, "description": "In how many seconds to try again.", "schema": {"type": "integer"}},
        "IdempotentReplay": text("`true` where this is the answer to an earlier request with the same Idempotency-Key."),
    });
    headers["IdempotentReplay"]["required"] = json!(false);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn one_name_is_one_schema() {
        let mut known = BTreeMap::new();
        for function in crate::functions() {
            let Function::Endpoint(endpoint) = function else {
                continue;
            };
            for route in endpoint.by_route() {
                for (name, schema) in schemas_of(&route.spec) {
                    let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
                    assert_eq!(*first, schema, "{name}, of {}", route.spec.name);
                }
            }
        }
    }
}
