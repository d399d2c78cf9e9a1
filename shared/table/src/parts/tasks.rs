//! Writes of parts that only tasks make.

use super::{
    Parts,
    links::{error_of, item, take_headquarters},
};
use crate::{
    Change, Operation, PageRequest,
    attempt::{Attempt, retry_from},
    expression::Expression,
    keys,
    operation::on_customer::{CHECK, PUT, QUERY},
    query::Query,
    write::Failed,
};
use domain::{
    Entity, Kind, LocationKey, Owner, Result,
    contact::{Contact, ContactFilter},
    location::Location,
};
use serde_json::{Map, Value};

/// The result of `create_first`.
#[derive(Debug, PartialEq, Eq)]
pub enum FirstLocation {
    Created,
    /// An earlier delivery of the event created it. It may have been deleted since.
    Existed,
    CustomerDeleted,
}

impl Parts<'_, Location> {
    pub const CREATE_FIRST: Operation = Operation::new(&[CHECK, PUT], &[]);
    /// Creates the location that a new customer gets from its address. Repeated calls create one location, and none after it was deleted.
    pub async fn create_first(&self, owner: Owner, location: &Location, change: &Change) -> Result<FirstLocation> {
        let key = keys::part(owner, location.key);
        let key = &key;
        retry_from(location.clone(), |location| async move {
            let mut tx = self
                .0
                .transaction(change)
                .check("customer", &keys::customer(owner.tenant().key()), Expression::exists())
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
                Err(Failed::Condition("customer", _)) => Ok(Attempt::Done(FirstLocation::CustomerDeleted)),
                // There is a headquarters already: it stays.
                Err(Failed::Condition("headquarters", _)) => Ok(Attempt::Again(Location {
                    is_headquarters: false,
                    ..location
                })),
                Err(failed) => Err(error_of::<Location>(failed)),
            }
        })
        .await
    }
}

impl Parts<'_, Contact> {
    pub const CLEAR_LOCATION: Operation = Operation::new(&[QUERY, PUT], &[]);
    /// Clears a deleted location from a page of the contacts that refer to it. The result is the position of the next page.
    pub async fn clear_location(
        &self,
        owner: Owner,
        location: LocationKey,
        page: &PageRequest,
        change: &Change,
    ) -> Result<Option<String>> {
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
        Ok(next)
    }
}
