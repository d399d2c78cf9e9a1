//! The parts of customers and clients: departments, locations, contacts, partition groups, partitions. Writes check that unique fields are
//! unique, that there is one headquarters, and that referenced locations and groups exist.

mod links;
mod partitions;
mod tasks;

pub(crate) use links::{delete_part, enabled, owner_error};
pub use tasks::FirstLocation;

use crate::{
    Change, Operation, PageRequest, Table,
    attempt::{Attempt, attempted, retry, retry_from},
    entities::Registered,
    expression::Expression,
    item::{UNIQUE, from_item, n},
    keys,
    operation::on_customer::{CHECK, DELETE, GET, PUT, QUERY, UPDATE},
    query::Query,
    write::{Failed, expect_version},
};
use domain::{Code, Error, Key, Owner, Part, Result, entity::to_value, text::folded};
use links::{code_item, error_of, held_by, holder, item, move_between, take_headquarters};
use serde_json::{Map, Value};
use std::marker::PhantomData;

pub struct Parts<'t, P>(&'t Table, PhantomData<P>);

impl Table {
    pub fn parts<P: Part + Registered>(&self) -> Parts<'_, P> {
        Parts(self, PhantomData)
    }
}

impl<P: Part + Registered> Parts<'_, P> {
    /// The codes with which a create or a patch refuses.
    const CODES: &'static [Code] = if P::UNIQUE.is_some() {
        &[Code::Conflict, Code::CustomerDisabled]
    } else {
        &[Code::CustomerDisabled]
    };

    pub const GET: Operation = Operation::new(&[GET], &[]);
    pub async fn get(&self, owner: Owner, key: Key<P>) -> Result<P> {
        match self.0.get(&keys::part(owner, key)).await? {
            Some(item) => from_item(item),
            None => Err(Error::NotFound(P::KIND)),
        }
    }

    pub const LIST: Operation = Operation::new(&[QUERY, GET], &[]);
    pub async fn list(
        &self,
        owner: Owner,
        filter: &P::Filter,
        request: &PageRequest,
    ) -> Result<(Vec<P>, Option<String>)> {
        let query = Query::of_owner(owner)
            .starting_with(keys::prefix(P::KIND))
            .filter(Expression::matches(&compared::<P>(filter)?)?);
        self.0.page_of_children(owner, &query, request).await
    }

    /// Whether a write may update a second item: the members of a group, or the former headquarters.
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
        // Most locations that become headquarters are the first one. So the first attempt assumes that there is none.
        retry_from(None, |former| async move {
            let mut tx = self
                .0
                .transaction(change)
                .remember_answer(201, part, part.meta().version)?
                .check_owner(owner)
                .put("part", item(owner, part, change)?, Expression::absent());
            if let Some(code) = part.unique() {
                let code = keys::part_code(owner, P::KIND, code);
                tx = tx.put("unique", code_item(&code, part.key()), Expression::absent());
            }
            if let Some(location) = part.location() {
                tx = tx.check("location", &keys::part(owner, location), Expression::exists());
            }
            tx = move_between(tx, owner, None, part.group());
            if part.is_headquarters() {
                tx = take_headquarters(tx, owner, part.key(), former)?;
            }
            match tx.commit().await {
                Err(Failed::Condition("headquarters" | "former", old)) => Ok(Attempt::Again(holder(old)?)),
                committed => committed.map(Attempt::Done).map_err(error_of::<P>),
            }
        })
        .await
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
    /// Applies a checked patch. Nothing is written if it changes nothing.
    pub async fn patch(
        &self,
        owner: Owner,
        key: Key<P>,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<P> {
        retry_from(None, |former| async move {
            let before = self.expect(owner, key, expected).await?;
            let Some(after) = before.patched(patch, change.now, &change.actor)? else {
                return Ok(Attempt::Done(before));
            };
            let mut tx = self.0.transaction(change).check_owner(owner).put(
                "part",
                item(owner, &after, change)?,
                Expression::version_is(before.meta().version),
            );
            let code = |part: &P| part.unique().map(|code| keys::part_code(owner, P::KIND, code));
            let (old, new) = (code(&before), code(&after));
            if old != new {
                if let Some(old) = old {
                    tx = tx.delete("oldCode", &old, Expression::default());
                }
                if let Some(new) = new {
                    tx = tx.put("unique", code_item(&new, key), Expression::absent());
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
                Err(Failed::Condition("headquarters" | "former", old)) => Ok(Attempt::Again(holder(old)?)),
                committed => {
                    let attempt = attempted(committed.map_err(error_of::<P>), expected, after)?;
                    Ok(attempt.again_from(former))
                }
            }
        })
        .await
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
    pub async fn delete(&self, owner: Owner, key: Key<P>, expected: Option<u64>, change: &Change) -> Result<()> {
        retry(|| async move {
            let before = self.expect(owner, key, expected).await?;
            let mut tx = delete_part(self.0.transaction(change).check_owner(owner), owner, &before, change)?;
            if P::HAS_MEMBERS {
                let members = keys::members(owner, before.key());
                let none = Expression::new("attribute_not_exists(pk) OR members = :none").with(":none", n(0));
                tx = tx.delete("members", &members, none);
            }
            tx = move_between(tx, owner, before.group(), None);
            tx.commit_or_retry(expected, error_of::<P>, ()).await
        })
        .await
    }

    async fn expect(&self, owner: Owner, key: Key<P>, expected: Option<u64>) -> Result<P> {
        let part = self.get(owner, key).await?;
        expect_version(expected, part.meta().version)?;
        Ok(part)
    }
}

/// A filter in which the unique field is compared as it is for uniqueness.
fn compared<P: Part>(filter: &P::Filter) -> Result<Value> {
    let mut filter = to_value(filter)?;
    if let (Some(name), Value::Object(fields)) = (P::UNIQUE, &mut filter)
        && let Some(Value::String(value)) = fields.shift_remove(name)
    {
        fields.insert(UNIQUE.into(), folded(&value).into());
    }
    Ok(filter)
}
