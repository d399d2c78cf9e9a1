//! /v1/customers/{customerKey}/locations

mod create;
mod delete;
mod get;
mod headquarters;
mod list;
mod update;

use crate::support::{Answer, World, at};
use serde_json::{Value, json};

/// Where a customer's locations are.
fn of(customer: &str) -> String {
    format!("{}/locations", at(customer))
}

fn one(customer: &str, location: &str) -> String {
    format!("{}/{location}", of(customer))
}

/// Makes a location by platform staff: with a name and an empty address, but for the fields given here.
async fn make(world: &World, customer: &str, fields: Value) -> Answer {
    let mut body = json!({"name": "Main", "address": {}});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    world.post(&world.admin(), &of(customer), body).await
}
