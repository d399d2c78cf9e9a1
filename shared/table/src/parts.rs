//! What a customer or one of its clients consists of: departments, locations and contacts, partition groups and partitions. Unique codes
//! and names, one headquarters, contacts at locations and partitions in groups that are there.

use crate::{
    Change, Operation, PageRequest, Table,
    item::{ENTITY, Item, entity_item, from_item, n, s, tombstone},
    keys::{self, ItemKey},
    operation::on_customer::{CHECK, DELETE, GET, PUT, QUERY, UPDATE},
    read::text,
    write::{Expression, Failed, TRIES, Transaction, busy, expect_version, is_through, moved_on},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Code, Entity, EntityKind, Error, LocationKey, Owner, PartitionGroupKey, Result,
    contact::Contact,
    department::Department,
    key::{Key, Kind},
    location::Location,
    partition::{Environment, Partition},
    partition_group::PartitionGroup,
};
use serde_json::{Map, Value};
use std::marker::PhantomData;

/// What the kinds differ in.
pub trait Part: Entity {
    /// The field that is unique among its owner's things of this kind, if there is one.
    const UNIQUE: Option<&str> = Some("internalCode");
    /// Whether one of its owner's things of this kind may be the headquarters.
    const HAS_HEADQUARTERS: bool = false;
    /// Whether it may be in a group, which counts its members.
    const IS_GROUPED: bool = false;
    /// Whether it is a group, which can only be deleted when it is empty.
    const HAS_MEMBERS: bool = false;

    fn unique(&self) -> Option<&str> {
        None
    }

    fn is_headquarters(&self) -> bool {
        false
    }

    /// The location of the same owner that it points at.
    fn location(&self) -> Option<LocationKey> {
        None
    }

    /// The group of the same owner that it is in.
    fn group(&self) -> Option<PartitionGroupKey> {
        None
    }

    /// Where its members are counted, if it has any.
    fn members(&self, _: Owner) -> Option<ItemKey> {
        None
    }
}

impl Part for Department {
    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }
}

impl Part for Location {
    const HAS_HEADQUARTERS: bool = true;

    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }

    fn is_headquarters(&self) -> bool {
        self.is_headquarters
    }
}

impl Part for PartitionGroup {
    const UNIQUE: Option<&str> = Some("name");
    const HAS_MEMBERS: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn members(&self, owner: Owner) -> Option<ItemKey> {
        Some(keys::members(owner, self.key))
    }
}

impl Part for Partition {
    const UNIQUE: Option<&str> = Some("name");
    const IS_GROUPED: bool = true;

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn group(&self) -> Option<PartitionGroupKey> {
        self.group_key
    }
}

impl Part for Contact {
    const UNIQUE: Option<&str> = None;

    fn location(&self) -> Option<LocationKey> {
        self.location_key
    }
}

/// The kind of item that counts a group's partitions.
const MEMBERS: &str = "Members";

/// What a list may be narrowed to.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartFilter {
    pub is_active: Option<bool>,
    pub internal_code: Option<String>,
    pub r#type: Option<String>,
    pub location_key: Option<LocationKey>,
    pub group_key: Option<PartitionGroupKey>,
    pub environment: Option<Environment>,
}

/// What became of a location that a task wanted to make.
#[derive(Debug, PartialEq, Eq)]
pub enum CreatedFirst {
    Now,
    /// By an earlier delivery of the same event; or it was, and somebody deleted it since.
    Before,
    CustomerGone,
}

pub struct Parts<'t, P>(&'t Table, PhantomData<P>);

impl Table {
    pub fn parts<P: Part>(&self) -> Parts<'_, P> {
        Parts(self, PhantomData)
    }
}

impl<P: Part> Parts<'_, P> {
    const KIND: EntityKind = <P::Kind as Kind>::KIND;
    /// How a create or a patch may refuse.
    const CODES: &'static [Code] = if P::UNIQUE.is_some() {
        &[Code::Conflict, Code::CustomerDisabled]
    } else {
        &[Code::CustomerDisabled]
    };

    pub const GET: Operation = Operation::new(&[GET], &[]);
    pub async fn get(&self, owner: Owner, key: Key<P::Kind>) -> Result<P> {
        match self.0.get(&keys::part(owner, key)).await? {
            Some(item) => from_item(item),
            None => Err(Error::NotFound(Self::KIND)),
        }
    }

    pub const LIST: Operation = Operation::new(&[QUERY, GET], &[]);
    pub async fn list(
        &self,
        owner: Owner,
        filter: &PartFilter,
        request: &PageRequest,
    ) -> Result<(Vec<P>, Option<String>)> {
        self.0
            .page_of_children(
                owner,
                keys::part_prefix(Self::KIND),
                filter.expression(),
                false,
                request,
            )
            .await
    }

    /// To put a thing into a group, or to take the headquarters from another location, updates a second item.
    const UPDATES: bool = P::IS_GROUPED || P::HAS_HEADQUARTERS;

    pub const CREATE: Operation = Operation::new(
        if Self::UPDATES {
            const { &[CHECK, PUT, UPDATE] }
        } else {
            const { &[CHECK, PUT] }
        },
        Self::CODES,
    );
    pub async fn create(&self, owner: Owner, part: &P, change: &Change) -> Result<()> {
        // Most locations that want to be headquarters are the first to: that is tried without asking who it is now.
        let mut former = None;
        for _ in 0..TRIES {
            let mut tx = self
                .0
                .transaction(change)
                .remember_answer(201, part, part.meta().version)?
                .under(owner)
                .put("part", item(owner, part, change)?, Expression::absent());
            if let Some(code) = part.unique() {
                tx = tx.put("unique", code_item::<P>(owner, code, part.key()), Expression::absent());
            }
            if let Some(location) = part.location() {
                tx = tx.check("location", &keys::part(owner, location), Expression::exists());
            }
            tx = move_between(tx, owner, None, part.group());
            if part.is_headquarters() {
                tx = take_headquarters(tx, owner, part.key(), former)?;
            }
            match tx.commit().await {
                Ok(()) => return Ok(()),
                Err(Failed::Condition("headquarters" | "former", old)) => former = holder(old)?,
                Err(failed) => return Err(refused::<P>(failed)),
            }
        }
        Err(busy())
    }

    pub const PATCH: Operation = Operation::new(
        if Self::UPDATES {
            const { &[GET, CHECK, PUT, UPDATE, DELETE] }
        } else if P::UNIQUE.is_some() {
            const { &[GET, CHECK, PUT, DELETE] }
        } else {
            const { &[GET, CHECK, PUT] }
        },
        Self::CODES,
    );
    /// Lays a checked patch over it. A patch that changes nothing writes nothing.
    pub async fn patch(
        &self,
        owner: Owner,
        key: Key<P::Kind>,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<P> {
        let mut former = None;
        for _ in 0..TRIES {
            let before = self.expect(owner, key, expected).await?;
            let Some(after) = before.patched(patch, change.now, &change.actor)? else {
                return Ok(before);
            };
            let mut tx = self.0.transaction(change).under(owner).put(
                "part",
                item(owner, &after, change)?,
                Expression::version_is(before.meta().version),
            );
            if before.unique() != after.unique() {
                if let Some(code) = before.unique() {
                    tx = tx.delete(
                        "oldCode",
                        &keys::part_code(owner, Self::KIND, code),
                        Expression::default(),
                    );
                }
                if let Some(code) = after.unique() {
                    tx = tx.put("unique", code_item::<P>(owner, code, key), Expression::absent());
                }
            }
            if let Some(location) = after.location().filter(|_| before.location() != after.location()) {
                tx = tx.check("location", &keys::part(owner, location), Expression::exists());
            }
            tx = move_between(tx, owner, before.group(), after.group());
            match (before.is_headquarters(), after.is_headquarters()) {
                (false, true) => tx = take_headquarters(tx, owner, key, former)?,
                (true, false) => tx = tx.delete("headquarters", &keys::headquarters(owner), held_by(key)),
                _ => {}
            }
            match tx.commit().await {
                Ok(()) => return Ok(after),
                Err(Failed::Condition("headquarters" | "former", old)) => former = holder(old)?,
                Err(failed) => {
                    is_through(Err(refused::<P>(failed)), expected)?;
                }
            }
        }
        Err(busy())
    }

    pub const DELETE: Operation = Operation::new(
        if P::IS_GROUPED {
            const { &[GET, CHECK, PUT, UPDATE, DELETE] }
        } else {
            const { &[GET, CHECK, PUT, DELETE] }
        },
        if P::HAS_MEMBERS {
            const { &[Code::CustomerDisabled, Code::NotEmpty] }
        } else {
            const { &[Code::CustomerDisabled] }
        },
    );
    pub async fn delete(&self, owner: Owner, key: Key<P::Kind>, expected: Option<u64>, change: &Change) -> Result<()> {
        for _ in 0..TRIES {
            let before = self.expect(owner, key, expected).await?;
            let mut tx = delete_part(self.0.transaction(change).under(owner), owner, &before, change)?;
            if let Some(members) = before.members(owner) {
                let none = Expression::new("attribute_not_exists(pk) OR members = :none").with(":none", n(0));
                tx = tx.delete("members", &members, none);
            }
            tx = move_between(tx, owner, before.group(), None);
            if is_through(tx.commit().await.map_err(refused::<P>), expected)? {
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn expect(&self, owner: Owner, key: Key<P::Kind>, expected: Option<u64>) -> Result<P> {
        let part = self.get(owner, key).await?;
        expect_version(expected, part.meta().version)?;
        Ok(part)
    }
}

impl Parts<'_, Location> {
    pub const CREATE_FIRST: Operation = Operation::new(&[CHECK, PUT], &[]);
    /// The location that a new customer gets by itself. Any number of tries make one location, and none after it was deleted by hand.
    pub async fn create_first(&self, owner: Owner, location: &Location, change: &Change) -> Result<CreatedFirst> {
        let key = keys::part(owner, location.key);
        let mut location = location.clone();
        for _ in 0..TRIES {
            let mut tx = self
                .0
                .transaction(change)
                .check("customer", &keys::customer(owner.tenant().key()), Expression::exists())
                .check(
                    "tombstone",
                    &keys::tombstone(&key, &location.key.to_string()),
                    Expression::absent(),
                )
                .put("part", item(owner, &location, change)?, Expression::absent());
            if location.is_headquarters {
                tx = take_headquarters(tx, owner, location.key, None)?;
            }
            match tx.commit().await {
                Ok(()) => return Ok(CreatedFirst::Now),
                Err(Failed::Condition("tombstone" | "part", _)) => return Ok(CreatedFirst::Before),
                Err(Failed::Condition("customer", _)) => return Ok(CreatedFirst::CustomerGone),
                // Somebody was quicker to name a headquarters: theirs stays.
                Err(Failed::Condition("headquarters", _)) => location.is_headquarters = false,
                Err(failed) => return Err(refused::<Location>(failed)),
            }
        }
        Err(busy())
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
        let filter = PartFilter {
            location_key: Some(location),
            ..PartFilter::default()
        };
        let prefix = keys::part_prefix(EntityKind::Contact);
        let (contacts, next): (Vec<Contact>, _) =
            self.0.page_of(owner, prefix, filter.expression(), false, page).await?;
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

impl Transaction<'_> {
    /// Something is made, changed or deleted only under an owner that is there and enabled.
    pub(crate) fn under(self, owner: Owner) -> Self {
        let customer = owner.tenant().key();
        let tx = self.check("customer", &keys::customer(customer), enabled());
        match owner.client() {
            Some(client) => tx.check("client", &keys::client(customer, client), enabled()),
            None => tx,
        }
    }
}

/// The deletion of a part, with all that speaks of it.
pub(crate) fn delete_part<'c, P: Part>(
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
        let code = keys::part_code(owner, Parts::<P>::KIND, code);
        tx = tx.delete("oldCode", &code, Expression::default());
    }
    if before.is_headquarters() {
        tx = tx.delete("headquarters", &keys::headquarters(owner), held_by(before.key()));
    }
    Ok(tx)
}

/// Takes a member out of one group and into another, where they differ.
fn move_between(
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

/// Makes `to` the headquarters; `former` is who is known to hold it now, and gives it up in the same transaction.
fn take_headquarters<K: Kind>(
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

fn item<P: Part>(owner: Owner, part: &P, change: &Change) -> Result<Item> {
    entity_item(&keys::part(owner, part.key()), part, change)
}

impl PartFilter {
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
        if let Some(kind) = &self.r#type {
            parts.push("#type = :type");
            filter = filter.with(":type", s(kind));
        }
        if let Some(location) = &self.location_key {
            parts.push("#locationKey = :locationKey");
            filter = filter.with(":locationKey", s(location.to_string()));
        }
        if let Some(group) = &self.group_key {
            parts.push("#groupKey = :groupKey");
            filter = filter.with(":groupKey", s(group.to_string()));
        }
        if let Some(environment) = self.environment {
            parts.push("#environment = :environment");
            filter = filter.with(":environment", s(environment.name()));
        }
        filter.text = parts.join(" AND ");
        (!parts.is_empty()).then_some(filter)
    }
}

pub(crate) fn enabled() -> Expression {
    Expression::new("attribute_exists(pk) AND isDisabled = :no").with(":no", AttributeValue::Bool(false))
}

fn held_by<K: Kind>(location: Key<K>) -> Expression {
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

fn code_item<P: Part>(owner: Owner, code: &str, holder: Key<P::Kind>) -> Item {
    let mut item = keys::part_code(owner, Parts::<P>::KIND, code).attributes();
    item.insert(ENTITY.into(), s("Code"));
    item.insert("holder".into(), s(holder.to_string()));
    item
}

fn refused<P: Part>(failed: Failed) -> Error {
    match failed {
        Failed::Condition("unique", _) => Error::Conflict {
            field: P::UNIQUE.unwrap_or_default(),
            reason: "another one of the same kind has it",
        },
        Failed::Condition("group", _) => Error::invalid("groupKey", "is no partition group of this customer"),
        Failed::Condition("members", _) => Error::NotEmpty {
            reason: "the group still has partitions; move or delete them first",
        },
        Failed::Condition("location", _) => Error::invalid("locationKey", "is no location of the same scope"),
        Failed::Condition("part", old) => moved_on::<P>(old),
        other => refused_under(other),
    }
}

/// What a failed condition of `Transaction::under` means.
pub(crate) fn refused_under(failed: Failed) -> Error {
    match failed {
        Failed::Condition("customer", None) => Error::NotFound(EntityKind::Customer),
        Failed::Condition("client", None) => Error::NotFound(EntityKind::Client),
        Failed::Condition("customer" | "client", Some(_)) => Error::CustomerDisabled,
        Failed::Condition(name, _) => Error::Internal(format!("a condition on {name} failed that should not")),
        Failed::Other(error) => error,
    }
}
