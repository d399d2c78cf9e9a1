//! /v1/customers/{customerKey}/clients

mod account;
mod crud;
mod delete;
mod disable;
mod hierarchy;
mod users;

use crate::support::{Answer, World, at};
use serde_json::{Value, json};

/// Where a customer's clients are.
fn of(customer: &str) -> String {
    format!("{}/clients", at(customer))
}

fn one(customer: &str, client: &str) -> String {
    format!("{}/{client}", of(customer))
}

/// Makes a client by platform staff: with a name, and the fields given here.
async fn make(world: &World, customer: &str, fields: Value) -> Answer {
    let mut body = json!({"name": "Client"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    world.post(&world.admin(), &of(customer), body).await
}

/// A client with an account; the keys of both.
async fn make_account(world: &World, customer: &str) -> (String, String) {
    let made = make(world, customer, json!({"provisionAccount": true}))
        .await
        .expect(201);
    (
        made.key().to_owned(),
        made.body["clientCustomerKey"].as_str().unwrap().to_owned(),
    )
}

/// A customer as it is now.
async fn read(world: &World, customer: &str) -> Value {
    world.get(&world.admin(), &at(customer)).await.expect(200).body
}
