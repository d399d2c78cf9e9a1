//! The logos of customers and clients.

use crate::{
    Change, Operation, Table,
    attempt::{Attempt, attempted, retry_from},
    clients, customers,
    expression::Expression,
    item::{ENTITY, Item, from_item, n, s, text},
    keys,
    operation::on_customer::{BATCH_GET, CHECK, GET, PUT},
    parts::owner_error,
    write::{Failed, expect_version},
};
use domain::{
    Code, Error, Kind, Owner, Result, Timestamp,
    client::Client,
    customer::Customer,
    logo::{self, Logo, ShownLogo},
};
use serde::Serialize;

/// The attribute with the receipt of the last confirmed upload.
const RECEIPT: &str = "receipt";
/// How long it is kept: longer than the bucket keeps an upload.
const RECEIPT_SECONDS: i64 = 7 * 24 * 60 * 60;

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

    fn version(&self) -> u64 {
        match self {
            Self::Customer(customer) => customer.meta.version,
            Self::Client(client) => client.meta.version,
        }
    }

    /// An error if it is disabled, or not in the expected version.
    pub fn expect(&self, expected: Option<u64>) -> Result<()> {
        let is_disabled = match self {
            Self::Customer(customer) => customer.is_disabled,
            Self::Client(client) => client.is_disabled,
        };
        expect_version(expected, self.version())?;
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

    pub const SHOWN: Operation = Operation::new(&[GET], &[]);
    pub async fn shown(&self, owner: Owner) -> Result<ShownLogo> {
        let holder = self.holder(owner).await?;
        let logo = holder.logo().cloned().ok_or(Error::NotFound(logo::KIND))?;
        Ok(ShownLogo {
            logo,
            version: holder.version(),
        })
    }

    pub const CONFIRMING: Operation = Operation::new(&[BATCH_GET], &[]);
    /// The owner that an upload is confirmed for. The receipt of the logo that it shows is valid, as is one that is newer than the last
    /// confirmed one.
    pub async fn confirming(&self, owner: Owner, receipt: &str) -> Result<Holder> {
        let customer = owner.tenant().key();
        let (key, kind) = match owner.client() {
            None => (keys::customer(customer), Customer::KIND),
            Some(client) => (keys::client(customer, client), Client::KIND),
        };
        let (mut holder, mut confirmed) = (None, None);
        for item in self.0.get_all(&[key.clone(), keys::confirmed_upload(owner)]).await? {
            match text(&item, keys::SK)? == key.sk {
                true => holder = Some(item),
                false => confirmed = Some(text(&item, RECEIPT)?.to_owned()),
            }
        }
        let holder = holder.ok_or(Error::NotFound(kind))?;
        let holder = match owner.client() {
            None => Holder::Customer(Box::new(from_item(holder)?)),
            Some(_) => Holder::Client(Box::new(from_item(holder)?)),
        };
        let is_shown = holder.logo().is_some_and(|logo| logo.receipt == receipt);
        match confirmed {
            Some(confirmed) if !is_shown && receipt <= confirmed.as_str() => Err(old_receipt()),
            _ => Ok(holder),
        }
    }

    pub const SET: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Sets the logo, or clears it. To set the same upload again changes nothing. An upload that was confirmed before, or is older than one
    /// that was, is refused: otherwise a late repeat would bring back a deleted logo.
    pub async fn set(
        &self,
        owner: Owner,
        before: Holder,
        logo: Option<&Logo>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Holder> {
        let (customers, clients) = (&self.0.customers(), &self.0.clients());
        retry_from(before, |before| async move {
            before.expect(expected)?;
            if before.has(logo) {
                return Ok(Attempt::Done(before));
            }
            let (after, mut tx) = match &before {
                Holder::Customer(before) => {
                    let mut after = before.clone();
                    after.logo = logo.cloned();
                    after.meta.changed(change.now, &change.actor);
                    let tx = customers.replace(before, &after, change)?;
                    (Holder::Customer(after), tx)
                }
                Holder::Client(before) => {
                    let mut after = before.clone();
                    after.logo = logo.cloned();
                    after.meta.changed(change.now, &change.actor);
                    let tx = clients.replace(owner.tenant(), before, &after, change)?;
                    (Holder::Client(after), tx)
                }
            };
            if let Some(Logo { receipt, .. }) = logo {
                let newer = Expression::new("attribute_not_exists(pk) OR receipt < :receipt");
                let item = receipt_item(owner, receipt, change.now);
                tx = tx.put(RECEIPT, item, newer.with(":receipt", s(receipt)));
            }
            let done = tx.commit().await.map_err(|failed| match (failed, &before) {
                (Failed::Condition(RECEIPT, _), _) => old_receipt(),
                (failed, Holder::Customer(_)) => customers::error_of(failed),
                (failed, Holder::Client(_)) => clients::error_of(failed),
            });
            match attempted(done, expected, after)? {
                Attempt::Done(after) => Ok(Attempt::Done(after)),
                Attempt::Again(()) => Ok(Attempt::Again(self.holder(owner).await?)),
            }
        })
        .await
    }
}

/// Receipts sort by the time at which they were issued.
fn receipt_item(owner: Owner, receipt: &str, now: Timestamp) -> Item {
    let mut item = keys::confirmed_upload(owner).attributes();
    item.insert(ENTITY.into(), s("ConfirmedUpload"));
    item.insert(RECEIPT.into(), s(receipt));
    item.insert(keys::TTL.into(), n(now.epoch_seconds() + RECEIPT_SECONDS));
    item
}

fn old_receipt() -> Error {
    Error::invalid(
        "receipt",
        "was confirmed before, or a newer one was; request a new upload",
    )
}
