//! The OpenAPI 3.1 document, from the declarations of the endpoints. Operations refer to `components` for every parameter, body and
//! response, so that each is written once.

pub mod bodies;
mod links;
mod parameters;
mod problems;
mod responses;
mod schemas;

use crate::{AREAS, area_of};
use domain::Code;
use runtime::{Function, access::AccessRule, function::EndpointFunction, problem::title, spec::Spec};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ABOUT: &str = "\
Customers, their lifecycle and their organisation, for many tenants.

- Bodies are JSON. A response omits fields without a value, except those that the document calls nullable, such as `nextCursor`. In a
request, `null` is the same as an omitted field, except in a merge patch, where it clears the field.
- A key is a prefix and a UUIDv7 in 26 characters, such as `cus_01kb1v0c1tfr2v6krscysfnvgb`. No entity has a malformed key: 404.
- A response with an entity has its `ETag`. Send it as `If-Match` to change the entity only if it is still the same.
- A POST with an `Idempotency-Key` can be repeated: the service keeps the first response for 24 hours and returns it again.
- A list returns a page and a `nextCursor`. Send it as `cursor`, with the same filters, to get the next page of the list.
- Errors are RFC 9457 problems. The service checks in this order: 401, 403, `KEY_MISMATCH`, 400, 404, then 409 and 412.
- An unknown path is 404 `NOT_FOUND`; a method that the path does not take is 405 `METHOD_NOT_ALLOWED` with `Allow`. HEAD works wherever
GET does. A compressed body is 415.
- API Gateway itself answers a request that does not reach the service, or that gets no answer from it, with `{\"message\": \"…\"}`
(`GatewayMessage`): over 10 MB (413), too many requests (429), a failure (500), no answer in 30 seconds (503).
";

const ABOUT_TOKENS: &str = "\
A token of the configured issuer: RS256, ES256 or EdDSA, with `iss`, `aud`, `exp` and `sub`. Its `customerKey` (absent for platform staff), \
`clientId` and `roles` determine what the caller may do.";

type Components = BTreeMap<String, Value>;

pub fn document(functions: &[Function]) -> Value {
    let endpoints: Vec<EndpointFunction> = functions
        .iter()
        .flat_map(|function| match function {
            Function::Endpoint(endpoint) => endpoint.by_route(),
            _ => Vec::new(),
        })
        .collect();
    let specs: Vec<Spec> = endpoints.iter().map(|endpoint| endpoint.spec).collect();
    let mut paths = Map::new();
    for endpoint in &endpoints {
        let path = paths.entry(endpoint.spec.route).or_insert_with(|| json!({}));
        path[endpoint.spec.method.name().to_lowercase()] = operation(endpoint, &specs);
    }
    let schemas = specs.iter().flat_map(schemas::of);
    let parameters = specs.iter().flat_map(|spec| parameters::of(spec, &specs));
    let bodies = specs.iter().filter_map(bodies::of);
    let responses = endpoints.iter().flat_map(|endpoint| responses::of(endpoint, &specs));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Customer service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server of this document."}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": ABOUT_TOKENS,
            }},
            "parameters": parameters.collect::<Components>(),
            "headers": responses::headers(),
            "requestBodies": bodies.collect::<Components>(),
            "responses": responses.map(|response| (response.name, response.value)).collect::<Components>(),
            "schemas": schemas.chain(general_schemas()).collect::<Components>(),
            "examples": examples(),
        },
    })
}

/// The schemas of answers that do not depend on the operation.
fn general_schemas() -> impl Iterator<Item = (String, Value)> {
    [
        ("Problem", problems::schema()),
        ("FieldError", problems::field_error_schema()),
        ("GatewayMessage", responses::gateway_schema()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
}

fn tags() -> Vec<Value> {
    AREAS
        .iter()
        .filter(|area| area.functions.iter().any(|f| matches!(f, Function::Endpoint(_))))
        .map(|area| json!({"name": area.name, "description": area.summary}))
        .collect()
}

/// A problem for each code.
fn examples() -> Map<String, Value> {
    let example = |code: &Code| {
        let example = json!({"summary": title(*code), "value": problems::example(*code)});
        (code.name().to_owned(), example)
    };
    Code::ALL.iter().map(example).collect()
}

fn operation(endpoint: &EndpointFunction, all: &[Spec]) -> Value {
    let EndpointFunction { spec, access, .. } = endpoint;
    let parameters: Vec<Value> = parameters::of(spec, all)
        .into_iter()
        .map(|(name, _)| component("parameters", &name))
        .collect();
    let mut operation = json!({
        "operationId": operation_id(spec),
        "tags": area_of(spec.name).map(|area| area.name).into_iter().collect::<Vec<_>>(),
        "summary": spec.summary,
        "description": permissions_in_words(access),
        "x-permissions": permissions(access),
        "parameters": parameters,
    });
    if access.public {
        operation["security"] = json!([]);
    }
    if let Some((name, _)) = bodies::of(spec) {
        operation["requestBody"] = component("requestBodies", &name);
    }
    operation["responses"] = responses::of(endpoint, all)
        .into_iter()
        .map(|response| (response.status.to_string(), component("responses", &response.name)))
        .collect::<Map<_, _>>()
        .into();
    operation
}

fn component(section: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{section}/{name}")})
}

/// The function's name; at its route for clients, with the client in it.
pub fn operation_id(spec: &Spec) -> String {
    let name = spec.name;
    let serves_both = AREAS
        .iter()
        .flat_map(|area| area.functions)
        .any(|f| matches!(f, Function::Endpoint(e) if e.spec.name == name && e.spec.of_client.is_some()));
    match name.split_once('-') {
        Some((verb, thing)) if serves_both && spec.is_of_client() => format!("{verb}-client-{thing}"),
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
        return "Requires no credentials.".into();
    }
    let ways: Vec<String> = [
        (access.own, "in the caller's own tenant"),
        (
            access.parent,
            "in the tenant that provisioned the customer as its client's account",
        ),
        (access.platform, "as platform staff"),
    ]
    .into_iter()
    .filter_map(|(held, place)| Some(format!("`{}` {place}", held?.name())))
    .collect();
    format!("Requires {}.", ways.join(", or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_component_has_one_name_and_every_name_one_component() {
        let document = document(&crate::functions());
        let endpoints: Vec<EndpointFunction> = crate::functions()
            .iter()
            .flat_map(|function| match function {
                Function::Endpoint(endpoint) => endpoint.by_route(),
                _ => Vec::new(),
            })
            .collect();
        let specs: Vec<Spec> = endpoints.iter().map(|endpoint| endpoint.spec).collect();
        for endpoint in &endpoints {
            let spec = &endpoint.spec;
            let responses = responses::of(endpoint, &specs).into_iter();
            let used = [
                ("schemas", schemas::of(spec).into_iter().collect()),
                ("parameters", parameters::of(spec, &specs)),
                ("requestBodies", bodies::of(spec).into_iter().collect()),
                (
                    "responses",
                    responses.map(|response| (response.name, response.value)).collect(),
                ),
            ];
            for (section, components) in used {
                for (name, value) in components {
                    let written = &document["components"][section][&name];
                    assert_eq!(*written, value, "{section}/{name}, of {}", spec.name);
                }
            }
        }
        for section in ["parameters", "requestBodies", "responses"] {
            let Value::Object(components) = &document["components"][section] else {
                panic!("{section} is missing");
            };
            let different: HashSet<String> = components.values().map(Value::to_string).collect();
            assert_eq!(
                different.len(),
                components.len(),
                "{section} has the same component twice"
            );
        }
    }
}
