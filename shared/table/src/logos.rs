//! Which logo a customer or client shows.

use crate::{
    Change, Operation, Table,
    attempt::{Attempt, attempted, retry_from},
    operation::on_customer::{CHECK, GET, PUT},
    parts::refused_under,
    write::expect_version,
};
use domain::{Code, Error, Owner, Result, client::Client, customer::Customer, logo::Logo};
use serde::Serialize;

pub struct Logos<'t>(&'t Table);

/// Who shows a logo, or may.
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

    fn shows(&self, logo: Option<&Logo>) -> bool {
        self.logo().map(|logo| &logo.receipt) == logo.map(|logo| &logo.receipt)
    }

    /// Refuses what is disabled, or is another version than the caller meant.
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
    pub const ASK: Operation = Operation::new(&[CHECK], &[Code::CustomerDisabled]);
    /// Whether there is somebody to upload for. The answer is kept for the request's idempotency key.
    pub async fn ask<T: Serialize>(&self, owner: Owner, answer: &T, change: &Change) -> Result<()> {
        let tx = self
            .0
            .transaction(change)
            .remember_answer(201, answer, None)?
            .under(owner);
        tx.commit().await.map_err(refused_under)
    }

    pub const HOLDER: Operation = Operation::new(&[GET], &[]);
    pub async fn holder(&self, owner: Owner) -> Result<Holder> {
        Ok(match owner.client() {
            None => Holder::Customer(self.0.customers().get(owner.tenant()).await?.into()),
            Some(client) => Holder::Client(self.0.clients().read(owner.tenant(), client).await?.into()),
        })
    }

    pub const SHOW: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Shows another logo, or none. To show the same upload again changes nothing.
    pub async fn show(
        &self,
        owner: Owner,
        before: Holder,
        logo: Option<&Logo>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Holder> {
        retry_from(before, |before| async move {
            before.expect(expected)?;
            if before.shows(logo) {
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
