//! Writes of parts that only tasks make.

use super::{
    Parts,
    links::{error_of, item, take_headquarters},
};
use crate::{
    Change, Operation, PageRequest, Step,
    attempt::{Attempt, retry_from},
    expression::Expression,
    item::from_item,
    keys,
    operation::on_customer::{CHECK, GET, PUT, QUERY},
    query::Query,
    write::Failed,
};
use domain::{
    Entity, Kind, LocationKey, Owner, Result, Tenant,
    contact::{Contact, ContactFilter},
    customer::Customer,
    location::Location,
};
use serde_json::{Map, Value, json};

/// The result of `create_first`.
#[derive(Debug, PartialEq, Eq)]
pub enum FirstLocation {
    Created,
    /// An earlier delivery of the event created it. It may have been deleted since.
    Existed,
    /// The customer is not a business, or its address has no line1 or no city.
    NotWanted,
    CustomerDeleted,
}

impl Parts<'_, Location> {
    pub const CREATE_FIRST: Operation = Operation::new(&[CHECK, PUT], &[]);
    /// Creates the location that a customer gets from its address. Repeated calls create one location, and none after it was deleted.
    ///
    /// `customer` is only a guess at the current state: the transaction compares it, and the next attempt starts from what it found.
    pub async fn create_first(&self, tenant: Tenant, customer: Customer, change: &Change) -> Result<FirstLocation> {
        let owner = tenant.itself();
        retry_from((customer, true), |(customer, is_headquarters)| async move {
            let Some(location) = Location::first_of(&customer, is_headquarters, change.now, &change.actor)? else {
                return Ok(Attempt::Done(FirstLocation::NotWanted));
            };
            let key = &keys::part(owner, location.key);
            let mut tx = self
                .0
                .transaction(change)
                .check("customer", &keys::customer(tenant.key()), has_these(&customer)?)
                .check(
                    "tombstone",
                    &keys::tombstone(key, &location.key.to_string()),
                    Expression::absent(),
                )
                .put("part", item(owner, &location, change)?, Expression::absent());
            if location.is_headquarters {
                tx = take_headquarters(tx, owner, location.key, None)?;
            }
            match tx.commit().await {
                Ok(()) => Ok(Attempt::Done(FirstLocation::Created)),
                Err(Failed::Condition("tombstone" | "part", _)) => Ok(Attempt::Done(FirstLocation::Existed)),
                Err(Failed::Condition("customer", None)) => Ok(Attempt::Done(FirstLocation::CustomerDeleted)),
                // The event is late, or not true.
                Err(Failed::Condition("customer", Some(current))) => {
                    Ok(Attempt::Again((from_item(current)?, is_headquarters)))
                }
                // There is a headquarters already: it stays.
                Err(Failed::Condition("headquarters", _)) => Ok(Attempt::Again((customer, false))),
                Err(failed) => Err(error_of::<Location>(failed)),
            }
        })
        .await
    }
}

/// The condition that the customer's item has the fields from which its first location is created.
fn has_these(customer: &Customer) -> Result<Expression> {
    let fields = json!({
        "key": customer.key,
        "type": customer.r#type,
        "name": customer.name,
        "address": customer.address,
        "createdAt": customer.meta.created_at,
    });
    Expression::matches(&fields)
}

impl Parts<'_, Contact> {
    pub const CLEAR_LOCATION: Operation = Operation::new(&[GET, QUERY, PUT], &[]);
    /// A location was deleted: clears it from a page of the contacts that refer to it.
    pub async fn clear_location(
        &self,
        owner: Owner,
        location: LocationKey,
        page: &PageRequest,
        change: &Change,
    ) -> Result<Step> {
        if self.0.exists(&keys::part(owner, location)).await? {
            return Ok(Step::Nothing("the location exists"));
        }
        let filter = ContactFilter {
            location_key: Some(location),
            ..ContactFilter::default()
        };
        let query = Query::of_owner(owner)
            .starting_with(keys::prefix(Contact::KIND))
            .filter(Expression::matches(&filter)?);
        let (contacts, next): (Vec<Contact>, _) = self.0.page_of(&query, page).await?;
        for contact in contacts {
            let cleared = Map::from_iter([("locationKey".to_owned(), Value::Null)]);
            let Some(after) = contact.patched(&cleared, change.now, &change.actor)? else {
                continue;
            };
            let put = self.0.transaction(change).put(
                "part",
                item(owner, &after, change)?,
                Expression::version_is(contact.meta.version),
            );
            match put.commit().await {
                // The contact was deleted.
                Ok(()) | Err(Failed::Condition("part", None)) => {}
                // The contact was changed. The next attempt reads it again.
                Err(failed) => return Err(error_of::<Contact>(failed)),
            }
        }
        Ok(next.map_or(Step::Done, Step::More))
    }
}
