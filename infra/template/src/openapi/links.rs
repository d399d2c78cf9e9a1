//! Links from a created entity to the operations on it and below it.

use super::{operation_id, schemas::entity};
use runtime::{Shape, Spec, spec::kind_of_parameter};
use serde_json::{Map, Value, json};

/// The links of an operation that creates something, by the id of the operation to which they lead.
pub fn of(spec: &Spec, all: &[Spec]) -> Map<String, Value> {
    let key = match spec.answer {
        Shape::Created(_) => "$response.body#/key",
        Shape::Issued(_) => "$response.body#/apiKey/key",
        _ => return Map::new(),
    };
    let mut links = Map::new();
    for target in all {
        let Some(parameter) = key_parameter(spec, target) else {
            continue;
        };
        let own = spec
            .path_parameters()
            .filter(|name| *name != parameter)
            .map(|name| (name.to_owned(), json!(format!("$request.path.{name}"))));
        let parameters: Map<String, Value> = own.chain([(parameter.to_owned(), json!(key))]).collect();
        let id = operation_id(target);
        links.insert(id.clone(), json!({"operationId": id, "parameters": parameters}));
    }
    links
}

/// The path parameter of `target` that names the entity which `spec` creates, if all its others are parameters of `spec` too.
fn key_parameter(spec: &Spec, target: &Spec) -> Option<&'static str> {
    let (created, _) = entity(spec)?;
    let created = created.trim_start_matches("Issued");
    let mut parameters: Vec<&'static str> = target.path_parameters().collect();
    let at = parameters
        .iter()
        .position(|name| kind_of_parameter(name).is_some_and(|kind| kind.name == created))?;
    let found = parameters.remove(at);
    let own: Vec<&str> = spec.path_parameters().filter(|name| *name != found).collect();
    (parameters == own).then_some(found)
}
