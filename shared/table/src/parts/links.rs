//! The items that a transaction writes with a part: the claim of its unique field, the headquarters, the members of groups; and the check of
//! its owner.

use crate::{
    Change,
    entities::Registered,
    expression::Expression,
    item::{ENTITY, Item, UNIQUE, s, text},
    keys::{self, ItemKey},
    stored::{entity_item, tombstone},
    write::{Failed, Transaction, version_error},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Error, Key, Kind, LocationKey, Owner, Part, PartitionGroupKey, Result, client::Client, customer::Customer,
    text::folded,
};

/// The kind of the items that count the partitions of groups.
const MEMBERS: &str = "Members";

impl Transaction<'_> {
    /// Adds the condition that the owner exists and is enabled.
    pub(crate) fn check_owner(self, owner: Owner) -> Self {
        let customer = owner.tenant().key();
        let tx = self.check("customer", &keys::customer(customer), enabled());
        match owner.client() {
            Some(client) => tx.check("client", &keys::client(customer, client), enabled()),
            None => tx,
        }
    }
}

/// Adds the deletion of a part, and of what is written with it.
pub(crate) fn delete_part<'c, P: Part + Registered>(
    tx: Transaction<'c>,
    owner: Owner,
    before: &P,
    change: &Change,
) -> Result<Transaction<'c>> {
    let key = keys::part(owner, before.key());
    let mut tx = tx
        .delete("part", &key, Expression::version_is(before.meta().version))
        .put("tombstone", tombstone(&key, before, change)?, Expression::default());
    if let Some(code) = before.unique() {
        let code = keys::part_code(owner, P::KIND, code);
        tx = tx.delete("oldCode", &code, Expression::default());
    }
    if before.is_headquarters() {
        tx = tx.delete("headquarters", &keys::headquarters(owner), held_by(before.key()));
    }
    Ok(tx)
}

/// Moves a member from one group to another, if they differ.
pub(super) fn move_between(
    mut tx: Transaction<'_>,
    owner: Owner,
    from: Option<PartitionGroupKey>,
    to: Option<PartitionGroupKey>,
) -> Transaction<'_> {
    if from == to {
        return tx;
    }
    if let Some(from) = from {
        tx = tx.count("from", &keys::members(owner, from), -1, MEMBERS);
    }
    if let Some(to) = to {
        tx = tx.check("group", &keys::part(owner, to), Expression::exists()).count(
            "to",
            &keys::members(owner, to),
            1,
            MEMBERS,
        );
    }
    tx
}

/// Makes `to` the headquarters. `former` is the current headquarters as far as known, which is changed in the same transaction.
pub(super) fn take_headquarters<K: Kind>(
    tx: Transaction<'_>,
    owner: Owner,
    to: Key<K>,
    former: Option<LocationKey>,
) -> Result<Transaction<'_>> {
    let mut item = keys::headquarters(owner).attributes();
    item.insert(ENTITY.into(), s("Headquarters"));
    item.insert("locationKey".into(), s(to.to_string()));
    let Some(former) = former else {
        return Ok(tx.put("headquarters", item, Expression::absent()));
    };
    let give_up = Expression::new("isHeadquarters = :no").with(":no", AttributeValue::Bool(false));
    tx.put("headquarters", item, held_by(former))
        .update("former", &keys::part(owner, former), give_up)
}

pub(super) fn item<P: Part + Registered>(owner: Owner, part: &P, change: &Change) -> Result<Item> {
    let mut item = entity_item(&keys::part(owner, part.key()), part, change)?;
    if let Some(value) = part.unique() {
        item.insert(UNIQUE.into(), s(folded(value)));
    }
    Ok(item)
}

pub(crate) fn enabled() -> Expression {
    Expression::new("attribute_exists(pk) AND isDisabled = :no").with(":no", AttributeValue::Bool(false))
}

pub(super) fn held_by<K: Kind>(location: Key<K>) -> Expression {
    Expression::new("locationKey = :holder").with(":holder", s(location.to_string()))
}

/// The location of a headquarters item.
pub(super) fn holder(item: Option<Item>) -> Result<Option<LocationKey>> {
    match item {
        None => Ok(None),
        Some(item) => {
            let key = text(&item, "locationKey")?.parse();
            key.map(Some)
                .map_err(|_| Error::Internal("the headquarters item has no location".into()))
        }
    }
}

pub(super) fn code_item<P: Part + Registered>(code: &ItemKey, holder: Key<P>) -> Item {
    let mut item = code.attributes();
    item.insert(ENTITY.into(), s("Code"));
    item.insert("holder".into(), s(holder.to_string()));
    item
}

pub(super) fn error_of<P: Part + Registered>(failed: Failed) -> Error {
    match failed {
        Failed::Condition("unique", _) => Error::Conflict {
            field: P::UNIQUE.unwrap_or_default(),
            reason: "another one of the same kind has this value",
        },
        Failed::Condition("group", _) => Error::invalid("groupKey", "is not a partition group of this customer"),
        Failed::Condition("members", _) => Error::NotEmpty {
            reason: "the group still has partitions; move or delete them first",
        },
        Failed::Condition("location", _) => {
            Error::invalid("locationKey", "is not a location of the same customer or client")
        }
        Failed::Condition("part", old) => version_error::<P>(old),
        other => owner_error(other),
    }
}

/// The error of a failed condition of `Transaction::check_owner`.
pub(crate) fn owner_error(failed: Failed) -> Error {
    match failed {
        Failed::Condition("customer", None) => Error::NotFound(Customer::KIND),
        Failed::Condition("client", None) => Error::NotFound(Client::KIND),
        Failed::Condition("customer" | "client", Some(_)) => Error::CustomerDisabled,
        Failed::Condition(name, _) => Error::Internal(format!("the condition on {name} failed unexpectedly")),
        Failed::Other(error) => error,
    }
}
