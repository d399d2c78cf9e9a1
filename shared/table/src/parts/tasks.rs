//! What tasks do with parts.

use super::{
    Parts,
    links::{item, refused, take_headquarters},
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

/// What became of a location that a task wanted to make.
#[derive(Debug, PartialEq, Eq)]
pub enum CreatedFirst {
    Now,
    /// By an earlier delivery of the same event; or it was, and somebody deleted it since.
    Before,
    CustomerGone,
}

impl Parts<'_, Location> {
    pub const CREATE_FIRST: Operation = Operation::new(&[CHECK, PUT], &[]);
    /// The location that a new customer gets by itself. Any number of tries make one location, and none after it was deleted by hand.
    pub async fn create_first(&self, owner: Owner, location: &Location, change: &Change) -> Result<CreatedFirst> {
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
                Ok(()) => Ok(Attempt::Done(CreatedFirst::Now)),
                Err(Failed::Condition("tombstone" | "part", _)) => Ok(Attempt::Done(CreatedFirst::Before)),
                Err(Failed::Condition("customer", _)) => Ok(Attempt::Done(CreatedFirst::CustomerGone)),
                // Somebody was quicker to name a headquarters: theirs stays.
                Err(Failed::Condition("headquarters", _)) => Ok(Attempt::Again(Location {
                    is_headquarters: false,
                    ..location
                })),
                Err(failed) => Err(refused::<Location>(failed)),
            }
        })
        .await
    }
}

impl Parts<'_, Contact> {
    pub const CLEAR_LOCATION: Operation = Operation::new(&[QUERY, PUT], &[]);
    /// Clears a deleted location from one page of the contacts that point at it; where the next page begins, if there is one.
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
                // It is gone, which is as good.
                Ok(()) | Err(Failed::Condition("part", None)) => {}
                // It was changed meanwhile: read it again on another try.
                Err(failed) => return Err(refused::<Contact>(failed)),
            }
        }
        Ok(next)
    }
}
