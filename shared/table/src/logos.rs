//! The logos of customers and clients.

use crate::{
    Change, Operation, Table,
    attempt::{Attempt, attempted, retry_from},
    operation::on_customer::{CHECK, GET, PUT},
    parts::owner_error,
    write::expect_version,
};
use domain::{Code, Error, Owner, Result, client::Client, customer::Customer, logo::Logo};
use serde::Serialize;

pub struct Logos<'t>(&'t Table);

/// A customer or client, which may have a logo.
#[derive(Clone, Debug)]
pub enum Holder {
    Customer(Box<Customer>),
    Client(Box<Client>),
}

impl Holder {
    pub fn logo(&self) -> Option<&Logo> {
        match self {
            Self::Customer(customer) => customer.logo.as_ref(),
            Self::Client(client) => client.logo.as_ref(),
        }
    }

    fn has(&self, logo: Option<&Logo>) -> bool {
        self.logo().map(|logo| &logo.receipt) == logo.map(|logo| &logo.receipt)
    }

    /// An error if it is disabled, or not in the expected version.
    pub fn expect(&self, expected: Option<u64>) -> Result<()> {
        let (version, is_disabled) = match self {
            Self::Customer(customer) => (customer.meta.version, customer.is_disabled),
            Self::Client(client) => (client.meta.version, client.is_disabled),
        };
        expect_version(expected, version)?;
        match is_disabled {
            true => Err(Error::CustomerDisabled),
            false => Ok(()),
        }
    }
}

impl Table {
    pub fn logos(&self) -> Logos<'_> {
        Logos(self)
    }
}

impl Logos<'_> {
    pub const ALLOW_UPLOAD: Operation = Operation::new(&[CHECK], &[Code::CustomerDisabled]);
    /// Checks that the owner may upload a logo, and stores the answer for the request's idempotency key.
    pub async fn allow_upload<T: Serialize>(&self, owner: Owner, answer: &T, change: &Change) -> Result<()> {
        let tx = self
            .0
            .transaction(change)
            .remember_answer(201, answer, None)?
            .check_owner(owner);
        tx.commit().await.map_err(owner_error)
    }

    pub const HOLDER: Operation = Operation::new(&[GET], &[]);
    pub async fn holder(&self, owner: Owner) -> Result<Holder> {
        Ok(match owner.client() {
            None => Holder::Customer(self.0.customers().get(owner.tenant()).await?.into()),
            Some(client) => Holder::Client(self.0.clients().read(owner.tenant(), client).await?.into()),
        })
    }

    pub const SET: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Sets the logo, or clears it. To set the same upload again changes nothing.
    pub async fn set(
        &self,
        owner: Owner,
        before: Holder,
        logo: Option<&Logo>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Holder> {
        retry_from(before, |before| async move {
            before.expect(expected)?;
            if before.has(logo) {
                return Ok(Attempt::Done(before));
            }
            let (after, done) = match &before {
                Holder::Customer(before) => {
                    let mut after = before.clone();
                    after.logo = logo.cloned();
                    after.meta.changed(change.now, &change.actor);
                    let done = self.0.customers().replace_with(before, &after, change).await;
                    (Holder::Customer(after), done)
                }
                Holder::Client(before) => {
                    let mut after = before.clone();
                    after.logo = logo.cloned();
                    after.meta.changed(change.now, &change.actor);
                    let done = self
                        .0
                        .clients()
                        .replace_with(owner.tenant(), before, &after, change)
                        .await;
                    (Holder::Client(after), done)
                }
            };
            match attempted(done, expected, after)? {
                Attempt::Done(after) => Ok(Attempt::Done(after)),
                Attempt::Again(()) => Ok(Attempt::Again(self.holder(owner).await?)),
            }
        })
        .await
    }
}
