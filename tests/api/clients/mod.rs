//! /v1/customers/{customerKey}/clients

mod account;
mod crud;
mod delete;
mod disable;
mod hierarchy;
mod users;

use crate::support::{Answer, World, at, with_fields};
use serde_json::{Value, json};

/// The path of a customer's clients.
fn clients_path(customer: &str) -> String {
    format!("{}/clients", at(customer))
}

fn client_path(customer: &str, client: &str) -> String {
    format!("{}/{client}", clients_path(customer))
}

/// Creates a client as platform staff, with these fields and a default name.
async fn create(world: &World, customer: &str, fields: Value) -> Answer {
    let body = with_fields(json!({"name": "Client"}), fields);
    world.post(&world.admin(), &clients_path(customer), body).await
}

/// Creates a client with an account and returns the keys of both.
async fn create_with_account(world: &World, customer: &str) -> (String, String) {
    let created = create(world, customer, json!({"provisionAccount": true}))
        .await
        .expect(201);
    (
        created.key().to_owned(),
        created.body["clientCustomerKey"].as_str().unwrap().to_owned(),
    )
}

async fn read_customer(world: &World, customer: &str) -> Value {
    world.get(&world.admin(), &at(customer)).await.expect(200).body
}
