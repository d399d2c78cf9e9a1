//! Locations of a customer: unique codes, one headquarters.

use crate::{
    Change, PageRequest, Table,
    customers::tombstone,
    item::{ENTITY, Item, entity_item, from_item, s},
    keys::{self, ItemKey},
    read::text,
    write::{Expression, Failed, TRIES, Transaction, busy, expect_version, is_through, moved_on},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{CustomerKey, Entity, EntityKind, Error, LocationKey, Result, Tenant, location::Location};
use serde_json::{Map, Value};

pub struct Locations<'t>(pub(crate) &'t Table);

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationFilter {
    pub is_active: Option<bool>,
    pub internal_code: Option<String>,
}

/// What became of a location that a task wanted to make.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    Now,
    /// By an earlier delivery of the same event; or it was, and somebody deleted it since.
    Before,
    CustomerGone,
}

impl Locations<'_> {
    pub async fn get(&self, tenant: Tenant, key: LocationKey) -> Result<Location> {
        match self.0.get(&keys::location(tenant.key(), key)).await? {
            Some(item) => from_item(item),
            None => Err(Error::NotFound(EntityKind::Location)),
        }
    }

    pub async fn list(
        &self,
        tenant: Tenant,
        filter: &LocationFilter,
        request: &PageRequest,
    ) -> Result<(Vec<Location>, Option<String>)> {
        self.0
            .page_of_children(tenant, keys::LOCATION_PREFIX, filter.expression(), false, request)
            .await
    }

    pub async fn create(&self, tenant: Tenant, location: &Location, change: &Change) -> Result<()> {
        let customer = tenant.key();
        // Most locations that want to be headquarters are the first to: that is tried without asking who it is now.
        let mut former = None;
        for _ in 0..TRIES {
            let mut tx = self
                .0
                .transaction(change)
                .once(201, location, location.meta.version)?
                .check("parent", &keys::customer(customer), enabled())
                .put("location", self.item(customer, location, change)?, Expression::absent());
            if let Some(code) = &location.internal_code {
                tx = tx.put(
                    "internalCode",
                    code_item(customer, code, location.key),
                    Expression::absent(),
                );
            }
            if location.is_headquarters {
                tx = self.take_headquarters(tx, customer, location.key, former)?;
            }
            match tx.commit().await {
                Ok(()) => return Ok(()),
                Err(Failed::Condition("headquarters" | "former", old)) => former = holder(old)?,
                Err(failed) => return Err(refused(failed)),
            }
        }
        Err(busy())
    }

    /// The location that a new customer gets by itself. Any number of tries make one location, and none after it was deleted by hand.
    pub async fn create_first(&self, tenant: Tenant, location: &Location, change: &Change) -> Result<Made> {
        let customer = tenant.key();
        let key = keys::location(customer, location.key);
        let mut location = location.clone();
        for _ in 0..TRIES {
            let mut tx = self
                .0
                .transaction(change)
                .check("parent", &keys::customer(customer), Expression::exists())
                .check(
                    "tombstone",
                    &keys::tombstone(&key, &location.key.to_string()),
                    Expression::absent(),
                )
                .put(
                    "location",
                    self.item(customer, &location, change)?,
                    Expression::absent(),
                );
            if location.is_headquarters {
                tx = self.take_headquarters(tx, customer, location.key, None)?;
            }
            match tx.commit().await {
                Ok(()) => return Ok(Made::Now),
                Err(Failed::Condition("tombstone" | "location", _)) => return Ok(Made::Before),
                Err(Failed::Condition("parent", _)) => return Ok(Made::CustomerGone),
                // Somebody was quicker to name a headquarters: theirs stays.
                Err(Failed::Condition("headquarters", _)) => location.is_headquarters = false,
                Err(failed) => return Err(refused(failed)),
            }
        }
        Err(busy())
    }

    /// Lays a checked patch over a location. A patch that changes nothing writes nothing.
    pub async fn patch(
        &self,
        tenant: Tenant,
        key: LocationKey,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Location> {
        let customer = tenant.key();
        let mut former = None;
        for _ in 0..TRIES {
            let before = self.expect(tenant, key, expected).await?;
            let Some(after) = before.patched(patch, change.now, &change.actor)? else {
                return Ok(before);
            };
            let mut tx = self
                .0
                .transaction(change)
                .check("parent", &keys::customer(customer), enabled())
                .put(
                    "location",
                    self.item(customer, &after, change)?,
                    Expression::version_is(before.meta.version),
                );
            if before.internal_code != after.internal_code {
                if let Some(code) = &before.internal_code {
                    tx = tx.delete("oldCode", &keys::location_code(customer, code), Expression::default());
                }
                if let Some(code) = &after.internal_code {
                    tx = tx.put("internalCode", code_item(customer, code, key), Expression::absent());
                }
            }
            match (before.is_headquarters, after.is_headquarters) {
                (false, true) => tx = self.take_headquarters(tx, customer, key, former)?,
                (true, false) => tx = tx.delete("headquarters", &keys::headquarters(customer), held_by(key)),
                _ => {}
            }
            match tx.commit().await {
                Ok(()) => return Ok(after),
                Err(Failed::Condition("headquarters" | "former", old)) => former = holder(old)?,
                Err(failed) => {
                    is_through(Err(refused(failed)), expected)?;
                }
            }
        }
        Err(busy())
    }

    pub async fn delete(&self, tenant: Tenant, key: LocationKey, expected: Option<u64>, change: &Change) -> Result<()> {
        let customer = tenant.key();
        for _ in 0..TRIES {
            let before = self.expect(tenant, key, expected).await?;
            let item_key = keys::location(customer, key);
            let mut tx = self
                .0
                .transaction(change)
                .check("parent", &keys::customer(customer), enabled())
                .delete("location", &item_key, Expression::version_is(before.meta.version))
                .put(
                    "tombstone",
                    tombstone(&item_key, &before, change)?,
                    Expression::default(),
                );
            if let Some(code) = &before.internal_code {
                tx = tx.delete("oldCode", &keys::location_code(customer, code), Expression::default());
            }
            if before.is_headquarters {
                tx = tx.delete("headquarters", &keys::headquarters(customer), held_by(key));
            }
            if is_through(tx.commit().await.map_err(refused), expected)? {
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn expect(&self, tenant: Tenant, key: LocationKey, expected: Option<u64>) -> Result<Location> {
        let location = self.get(tenant, key).await?;
        expect_version(expected, location.meta.version)?;
        Ok(location)
    }

    /// Makes `to` the headquarters; `former` is who is known to hold it now, and gives it up in the same transaction.
    fn take_headquarters<'c>(
        &self,
        tx: Transaction<'c>,
        customer: CustomerKey,
        to: LocationKey,
        former: Option<LocationKey>,
    ) -> Result<Transaction<'c>> {
        let mut item = keys::headquarters(customer).attributes();
        item.insert(ENTITY.into(), s("Headquarters"));
        item.insert("locationKey".into(), s(to.to_string()));
        let Some(former) = former else {
            return Ok(tx.put("headquarters", item, Expression::absent()));
        };
        let give_up = Expression::new("isHeadquarters = :no").with(":no", AttributeValue::Bool(false));
        tx.put("headquarters", item, held_by(former))
            .update("former", &keys::location(customer, former), give_up)
    }

    fn item(&self, customer: CustomerKey, location: &Location, change: &Change) -> Result<Item> {
        entity_item(&keys::location(customer, location.key), location, change)
    }
}

impl LocationFilter {
    fn expression(&self) -> Option<Expression> {
        let mut parts = Vec::new();
        let mut filter = Expression::default();
        if let Some(flag) = self.is_active {
            parts.push("#isActive = :isActive");
            filter = filter.with(":isActive", AttributeValue::Bool(flag));
        }
        if let Some(code) = &self.internal_code {
            parts.push("#internalCode = :internalCode");
            filter = filter.with(":internalCode", s(code));
        }
        filter.text = parts.join(" AND ");
        (!parts.is_empty()).then_some(filter)
    }
}

/// A child is made or changed only under a customer that is there and enabled.
fn enabled() -> Expression {
    Expression::new("attribute_exists(pk) AND isDisabled = :no").with(":no", AttributeValue::Bool(false))
}

fn held_by(location: LocationKey) -> Expression {
    Expression::new("locationKey = :holder").with(":holder", s(location.to_string()))
}

/// Who a headquarters item names.
fn holder(item: Option<Item>) -> Result<Option<LocationKey>> {
    match item {
        None => Ok(None),
        Some(item) => {
            let key = text(&item, "locationKey")?.parse();
            key.map(Some)
                .map_err(|_| Error::Internal("the headquarters item names no location".into()))
        }
    }
}

fn code_item(customer: CustomerKey, code: &str, location: LocationKey) -> Item {
    let key: ItemKey = keys::location_code(customer, code);
    let mut item = key.attributes();
    item.insert(ENTITY.into(), s("LocationCode"));
    item.insert("locationKey".into(), s(location.to_string()));
    item
}

fn refused(failed: Failed) -> Error {
    match failed {
        Failed::Condition("parent", None) => Error::NotFound(EntityKind::Customer),
        Failed::Condition("parent", Some(_)) => Error::CustomerDisabled,
        Failed::Condition("internalCode", _) => Error::Conflict {
            field: "internalCode",
            reason: "another location has this code",
        },
        Failed::Condition("location", old) => moved_on::<Location>(old),
        Failed::Condition(name, _) => Error::Internal(format!("a condition on {name} failed that should not")),
        Failed::Other(error) => error,
    }
}
