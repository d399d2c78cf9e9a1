//! A customer, and the entities that a case's requests have created below it so far.

use super::events;
use crate::world::{World, key, route};
use anyhow::{Context, Result, bail};
use domain::{EntityKind, Kind, api_key::ApiKey, customer::Customer, logo, partition::Partition};
use runtime::{
    Body, Spec,
    spec::{CLIENT, kind_of_parameter},
};
use serde_json::{Value, json};
use std::time::Duration;
use table::keys;
use tokio::time::sleep;
use uuid::Uuid;

/// The function that creates the entity that a path parameter names.
const CREATED_BY: &[(&str, &str)] = &[
    ("customerKey", "create-customer"),
    ("clientKey", "create-client"),
    ("departmentKey", "create-department"),
    ("locationKey", "create-location"),
    ("contactKey", "create-contact"),
    ("partitionGroupKey", "create-partition-group"),
    ("partitionKey", "create-partition"),
    ("keyId", "create-api-key"),
];

/// The default `limit` of a list.
const PAGE: u64 = 25;
/// How many of the listed clients have an account of their own.
const ACCOUNTS: u64 = 5;
const FOREIGN_KEY: &str = "shop-1";

/// The newest entity of its kind.
struct Newest {
    /// The path parameter that names it.
    parameter: &'static str,
    key: String,
    /// `None` once it is deleted.
    entity: Option<Value>,
}

pub struct Scene<'w> {
    world: &'w World,
    newest: Vec<Newest>,
    /// Of the newest API key.
    plaintext: Option<String>,
}

impl<'w> Scene<'w> {
    pub async fn new(world: &'w World) -> Result<Self> {
        let mut scene = Self {
            world,
            newest: Vec::new(),
            plaintext: None,
        };
        scene.perform("create-customer").await?;
        Ok(scene)
    }

    /// With a full page of everything that is listed.
    pub async fn full(world: &'w World) -> Result<Self> {
        let mut scene = Self::new(world).await?;
        for _ in 0..PAGE {
            for function in ["deactivate-customer", "reactivate-customer"] {
                scene.perform(function).await?;
                // The log is sorted by the millisecond, and a key must be younger than the deactivation before it.
                sleep(Duration::from_millis(2)).await;
            }
        }
        for (parameter, create) in &CREATED_BY[1..] {
            for number in 0..PAGE {
                scene.perform(create).await?;
                if *parameter == CLIENT && number < ACCOUNTS {
                    scene.perform("provision-account").await?;
                }
            }
            // The next entities belong to the customer itself.
            scene.newest.retain(|newest| newest.parameter != CLIENT);
        }
        let mut item = world.customer_item(scene.key(Customer::KIND)?)?;
        for version in 1..=PAGE {
            item["version"] = json!({"N": version.to_string()});
            world.run("table-stream", events::inserted(&item)).await?;
        }
        Ok(scene)
    }

    /// Creates the entities that a route names.
    pub async fn create_named(&mut self, spec: &Spec) -> Result<()> {
        for parameter in spec.path_parameters() {
            if self.parameter(parameter).is_none() {
                let create = CREATED_BY.iter().find(|(name, _)| *name == parameter);
                let (_, create) = create.with_context(|| {
                    format!("`CREATED_BY` in infra/bench/src/cases/scene.rs has no function that creates a {parameter}")
                })?;
                self.perform(create).await?;
            }
        }
        Ok(())
    }

    /// Runs a request in this process, and records the entity that it creates, changes or deletes.
    pub async fn perform(&mut self, function: &str) -> Result<()> {
        let answer = self.world.run(function, self.request(function)?).await?;
        if let Some(plaintext) = answer["plaintext"].as_str() {
            self.plaintext = Some(plaintext.to_owned());
        }
        let entity = answer.get("apiKey").unwrap_or(&answer);
        let created = CREATED_BY.iter().find(|(_, create)| *create == function);
        let subject = match created {
            Some((parameter, _)) => Some(*parameter),
            None => self.route(function)?.path_parameters().last(),
        };
        let Some(parameter) = subject else { return Ok(()) };
        if created.is_some() {
            self.newest.retain(|newest| newest.parameter != parameter);
            self.newest.push(Newest {
                parameter,
                key: entity["key"].as_str().context("an entity without a key")?.to_owned(),
                entity: None,
            });
        }
        for newest in &mut self.newest {
            if newest.parameter == parameter {
                newest.entity = entity.is_object().then(|| entity.clone());
            }
        }
        Ok(())
    }

    /// A function's request about the newest entities that its route names.
    pub fn request(&self, function: &str) -> Result<Value> {
        let spec = self.route(function)?;
        let mut parameters = Vec::new();
        for name in spec.path_parameters() {
            let value = self.parameter(name);
            parameters.push((name, value.with_context(|| format!("{function} needs a {name}"))?));
        }
        if function == "delete-partition" {
            // It has a key that works.
            parameters.push(("force", "true"));
        }
        self.world.http_event(function, &parameters, self.body(&spec)?)
    }

    pub fn key(&self, kind: EntityKind) -> Result<&str> {
        let newest = self.find(kind).map(|newest| newest.key.as_str());
        newest.with_context(|| format!("there was no {}", kind.name))
    }

    /// The newest state, unless it was deleted.
    pub fn entity(&self, kind: EntityKind) -> Option<&Value> {
        self.find(kind)?.entity.as_ref()
    }

    pub fn plaintext(&self) -> Result<&str> {
        self.plaintext.as_deref().context("there was no API key")
    }

    /// Moves the expiry of the API key into the past.
    pub fn backdate_api_key(&self) -> Result<()> {
        let keys::ItemKey { pk, sk } = keys::api_key(
            key(self.key(Customer::KIND)?)?,
            key(self.key(Partition::KIND)?)?,
            key(self.key(ApiKey::KIND)?)?,
        );
        let request = json!({
            "TableName": crate::store::TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "SET expiresAt = :past", "ExpressionAttributeValues": {":past": {"S": "2026-01-01T00:00:00.000Z"}},
        });
        self.world
            .store
            .database
            .update_item(serde_json::from_value(request)?)?;
        Ok(())
    }

    fn find(&self, kind: EntityKind) -> Option<&Newest> {
        self.newest
            .iter()
            .find(|newest| kind_of_parameter(newest.parameter) == Some(kind))
    }

    /// A key, or a field of the customer.
    fn parameter(&self, name: &str) -> Option<&str> {
        let key = self.newest.iter().find(|newest| newest.parameter == name);
        let field = || self.entity(Customer::KIND)?[name].as_str();
        key.map(|newest| newest.key.as_str()).or_else(field)
    }

    fn route(&self, function: &str) -> Result<Spec> {
        route(function, |name| self.parameter(name).is_some())
    }

    fn body(&self, spec: &Spec) -> Result<Option<Value>> {
        let number = self.world.number();
        let name = |name: &str| format!("{name} {number}");
        let address = json!({"line1": "2 Main Street", "city": "Springfield", "postalCode": "12345", "country": "US"});
        Ok(Some(match spec.name {
            "create-customer" => self.world.new_customer(),
            "create-client" => json!({"name": name("Springfield Stores")}),
            "create-department" => json!({"name": name("Purchasing"), "internalCode": format!("D-{number}")}),
            "create-location" => {
                json!({"name": name("Warehouse"), "internalCode": format!("W-{number}"), "address": address})
            }
            "create-contact" => json!({
                "type": "Billing", "firstName": "Ada", "lastName": name("Byron"), "email": "ada@acme.example",
                "locationKey": self.parameter("locationKey"),
            }),
            "create-partition-group" => json!({"name": name("Shops")}),
            "create-partition" => json!({"name": name("Orders"), "environment": "prod"}),
            "create-api-key" => {
                json!({"kind": "Custom", "name": "Web shop", "scopes": ["orders:read"], "foreignKey": FOREIGN_KEY})
            }
            "update-customer"
            | "update-client"
            | "update-department"
            | "update-location"
            | "update-partition-group"
            | "update-partition"
            | "update-api-key" => json!({"name": name("Renamed")}),
            "update-contact" => json!({"lastName": name("Lovelace")}),
            "expire-api-keys" => json!({"foreignKey": FOREIGN_KEY}),
            "verify-api-key" => json!({"plaintext": self.plaintext()?}),
            "request-logo" => json!({"contentType": "image/png", "bytes": 20_480}),
            "confirm-logo" => json!({"receipt": logo::name(Uuid::now_v7())}),
            _ if matches!(spec.body, Body::None | Body::Action(_)) => return Ok(None),
            other => bail!("{other} has no body: it is missing in infra/bench/src/cases/scene.rs"),
        }))
    }
}
