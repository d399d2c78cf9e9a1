//! /v1/customers/{customerKey}/locations

mod create;
mod delete;
mod get;
mod headquarters;
mod list;
mod update;

use crate::support::{Answer, World, at, with_fields};
use serde_json::{Value, json};

/// The path of a customer's locations.
fn locations_path(customer: &str) -> String {
    format!("{}/locations", at(customer))
}

fn location_path(customer: &str, location: &str) -> String {
    format!("{}/{location}", locations_path(customer))
}

/// Creates a location as platform staff, with these fields, a default name and address.
async fn create(world: &World, customer: &str, fields: Value) -> Answer {
    let body = with_fields(
        json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
        fields,
    );
    world.post(&world.admin(), &locations_path(customer), body).await
}
