//! An everyday event for each function, about entities that exist.
//!
//! The entities that an endpoint's route names are created before its request; [`BEFORE`] lists the requests that other functions need
//! before their events. A new function whose event is missing makes the run fail, so that none can be forgotten.

mod events;
mod scene;

use crate::world::World;
use anyhow::{Context, Result, bail};
use domain::{Kind, customer::Customer};
use runtime::{Function, Spec, Started, TaskSpec, spec::Method};
use scene::Scene;
use serde_json::{Value, json};
use template::functions;

/// Requests that come before a function's event, in order, each about the entities of those before it. A task works on the event of the
/// last one; with none, on the event of the customer's creation.
const BEFORE: &[(&str, &[&str])] = &[
    ("reactivate-customer", &["deactivate-customer"]),
    ("enable-client", &["disable-client"]),
    ("dissociate-account", &["provision-account"]),
    ("get-logo", &["confirm-logo"]),
    ("delete-logo", &["confirm-logo"]),
    ("expire-api-keys", &["create-api-key"]),
    // A key's first verification of a day writes, all others only read.
    (
        "verify-api-key",
        &["create-partition", "create-api-key", "verify-api-key"],
    ),
    (
        "authorize-api-key",
        &["create-partition", "create-api-key", "verify-api-key"],
    ),
    ("expire-due-api-keys", &["create-partition", "create-api-key"]),
    ("answer-unknown-route", &[]),
    ("create-customer-location", &[]),
    ("replay-stream-failures", &[]),
    ("settle-logos", &["confirm-logo", "confirm-logo"]),
    (
        "cascade-client-state",
        &["create-client", "provision-account", "disable-client"],
    ),
    ("cascade-account-state", &["create-client", "deactivate-customer"]),
    (
        "delete-client-children",
        &[
            "create-client",
            "create-department",
            "create-location",
            "create-contact",
            "delete-client",
        ],
    ),
    (
        "delete-customer-children",
        &[
            "create-department",
            "create-location",
            "create-contact",
            "create-client",
            "delete-customer",
        ],
    ),
    (
        "delete-customer-partitions",
        &["create-partition-group", "create-partition", "delete-customer"],
    ),
    (
        "expire-partition-api-keys",
        &["create-partition", "create-api-key", "delete-partition"],
    ),
    (
        "expire-customer-api-keys",
        &["create-partition", "create-api-key", "deactivate-customer"],
    ),
    (
        "clear-deleted-location",
        &["create-location", "create-contact", "delete-location"],
    ),
];

pub struct Cases<'w> {
    world: &'w World,
    /// A customer with a full page of everything that is listed.
    full: Scene<'w>,
}

impl<'w> Cases<'w> {
    pub async fn new(world: &'w World) -> Result<Self> {
        let full = Scene::full(world).await?;
        Ok(Self { world, full })
    }

    pub async fn event(&self, function: &str) -> Result<Value> {
        let known = functions().into_iter().find(|known| known.name() == function);
        match known.with_context(|| format!("no function is named {function}"))? {
            Function::Endpoint(endpoint) => self.request(&endpoint.spec).await,
            Function::Task(task) => self.message(&task.spec).await,
            Function::Trigger(_) => Ok(events::inserted(&self.world.customer_item(self.world.customer_key()?)?)),
            Function::Standalone(standalone) => {
                let mut scene = Scene::new(self.world).await?;
                for earlier in before_or_fail(standalone.spec.name)? {
                    scene.perform(earlier).await?;
                }
                match standalone.spec.started {
                    Started::EveryMinute => {
                        scene.backdate_api_key()?;
                        Ok(events::scheduled())
                    }
                    Started::AsAuthorizer => Ok(events::authorizer(scene.plaintext()?)),
                    Started::ByUnknownRoutes => Ok(events::unknown_route()),
                    Started::ByHand => Ok(json!({})),
                }
            }
        }
    }

    async fn request(&self, spec: &Spec) -> Result<Value> {
        if spec.method == Method::Get && spec.is_paged() {
            return self.full.request(spec.name);
        }
        let mut scene = Scene::new(self.world).await?;
        scene.create_named(spec).await?;
        for earlier in before(spec.name).unwrap_or_default() {
            scene.perform(earlier).await?;
        }
        scene.request(spec.name)
    }

    async fn message(&self, task: &TaskSpec) -> Result<Value> {
        let Some(r#type) = task.on.first().copied() else {
            bail!("{} takes no event", task.name)
        };
        let mut scene = Scene::new(self.world).await?;
        let mut old = None;
        if let Some((change, earlier)) = before_or_fail(task.name)?.split_last() {
            for earlier in earlier {
                scene.perform(earlier).await?;
            }
            old = scene.entity(r#type.entity()).cloned();
            scene.perform(change).await?;
        }
        let customer = scene.key(Customer::KIND)?;
        let key = scene.key(r#type.entity())?;
        let new = scene.entity(r#type.entity());
        let event = events::changed(r#type, customer, key, old.as_ref(), new);
        Ok(events::message(task.name, &event))
    }
}

fn before(function: &str) -> Option<&'static [&'static str]> {
    let mut cases = BEFORE.iter();
    cases.find(|(name, _)| *name == function).map(|(_, earlier)| *earlier)
}

fn before_or_fail(function: &str) -> Result<&'static [&'static str]> {
    before(function)
        .with_context(|| format!("{function} has no event: its row in `BEFORE` of infra/bench/src/cases.rs is missing"))
}
