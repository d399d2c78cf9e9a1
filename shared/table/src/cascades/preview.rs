//! Previews of deletions: what would be deleted.

use super::Cascades;
use crate::{
    Operation, Table,
    entities::{self, Entry, Place},
    item::{ENTITY, Item, text},
    keys,
    operation::on_customer::{GET, QUERY},
    query::{Query, Walk},
};
use domain::{
    ClientKey, CustomerKey, Error, Kind, Object, Owner, Result, Tenant,
    api_key::ApiKey,
    client::Client,
    customer::Customer,
    fields::{Field, Rule},
};
use serde::{Serialize, Serializer};
use std::sync::LazyLock;

/// How many requests a preview may take.
const READS: u32 = 200;

/// The attribute of a client that holds its account.
const ACCOUNT: &str = "clientCustomerKey";
/// The attributes that a preview reads.
const COUNTED: &[&str] = &[ENTITY, "key", "status", ACCOUNT];

/// A preview of a deletion of a customer or client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionPreview {
    pub counts: Counts,
    /// The accounts that would be disabled: those of the deleted clients, and those below them.
    pub accounts: Vec<CustomerKey>,
    /// Whether everything was counted.
    pub is_complete: bool,
}

static COUNTS: LazyLock<Object> = LazyLock::new(|| {
    let count = |(plural, about)| Field::new(plural, Rule::Whole { min: 0, max: i64::MAX }, about).required();
    let fields: Vec<Field> = counted(entities::ALL).map(count).collect();
    Object::new("DeletionCounts", fields.leak())
});

pub fn preview_fields() -> Vec<Field> {
    vec![
        Field::new(
            "counts",
            Rule::Object(&COUNTS),
            "How many of each kind would be deleted.",
        )
        .required(),
        Field::new(
            "accounts",
            Rule::List {
                of: &Rule::Key(Customer::KIND),
                max: 100_000,
            },
            "The accounts that would be disabled: those of the deleted clients, and those below them.",
        )
        .required(),
        Field::new(
            "isComplete",
            Rule::Flag,
            "False if counting stopped after 200 reads; counts are then lower bounds.",
        )
        .required(),
    ]
}

/// The name and the description of its count in previews.
fn counted(entries: &[Entry]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let entities = entries
        .iter()
        .filter(|entry| entry.place != Place::Customer)
        .map(|entry| {
            (
                entry.plural,
                if entry.expires {
                    "Active API keys, which would expire."
                } else {
                    ""
                },
            )
        });
    let records = entities::RECORDS
        .iter()
        .filter_map(|record| Some((record.plural?, record.description)));
    entities.chain(records)
}

/// The number of each kind, by its plural.
#[derive(Debug)]
pub struct Counts(Vec<(&'static str, u64)>);

impl Counts {
    fn add(&mut self, plural: &str) {
        if let Some((_, count)) = self.0.iter_mut().find(|(name, _)| *name == plural) {
            *count += 1;
        }
    }

    pub fn of(&self, plural: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| *name == plural).map(|(_, count)| *count)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Cascades<'_> {
    pub const PREVIEW_CUSTOMER_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// Counts the entities that the deletion of a customer would delete.
    pub async fn preview_customer_deletion(&self, tenant: Tenant) -> Result<DeletionPreview> {
        if self.table.get(&keys::customer(tenant.key())).await?.is_none() {
            return Err(Error::NotFound(Customer::KIND));
        }
        let mut preview = Preview::new(self);
        preview.count_owner(tenant.itself()).await?;
        for client in std::mem::take(&mut preview.clients) {
            preview.count_owner(tenant.client(client)).await?;
        }
        preview.finish().await
    }

    pub const PREVIEW_CLIENT_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// Counts the entities that the deletion of a client would delete.
    pub async fn preview_client_deletion(&self, tenant: Tenant, key: ClientKey) -> Result<DeletionPreview> {
        let client = self.table.clients().read(tenant, key).await?;
        let mut preview = Preview::new(self);
        preview.accounts.extend(client.client_customer_key);
        preview.count_owner(tenant.client(key)).await?;
        preview.finish().await
    }
}

/// A count in progress. It stops after a number of reads.
struct Preview<'t> {
    table: &'t Table,
    entries: &'t [Entry],
    reads_left: u32,
    counts: Counts,
    clients: Vec<ClientKey>,
    accounts: Vec<CustomerKey>,
}

impl<'t> Preview<'t> {
    fn new(cascades: &Cascades<'t>) -> Self {
        Self {
            table: cascades.table,
            entries: cascades.entries,
            reads_left: READS,
            counts: Counts(counted(cascades.entries).map(|(plural, _)| (plural, 0)).collect()),
            clients: Vec::new(),
            accounts: Vec::new(),
        }
    }

    async fn count_owner(&mut self, owner: Owner) -> Result<()> {
        let mut walk = self.table.walk(Query::of_owner(owner).attributes(COUNTED));
        while let Some(items) = self.next(&mut walk).await? {
            for item in items {
                self.count_item(&item)?;
            }
        }
        Ok(())
    }

    /// The next page, unless there is none or no read is left.
    async fn next(&mut self, walk: &mut Walk<'_>) -> Result<Option<Vec<Item>>> {
        if self.reads_left == 0 {
            return Ok(None);
        }
        let page = walk.next().await?;
        self.reads_left -= u32::from(page.is_some());
        Ok(page)
    }

    fn count_item(&mut self, item: &Item) -> Result<()> {
        let name = text(item, ENTITY)?;
        if let Some(record) = entities::RECORDS.iter().find(|record| record.name == name) {
            self.counts.add(record.plural.unwrap_or_default());
        }
        let Some(entry) = self.entries.iter().find(|entry| entry.kind.name == name) else {
            return Ok(());
        };
        if entry.kind == ApiKey::KIND && text(item, "status")? != "Active" {
            return Ok(());
        }
        self.counts.add(entry.plural);
        if entry.kind == Client::KIND {
            self.clients.push(key(item, "key")?);
            if item.contains_key(ACCOUNT) {
                self.accounts.push(key(item, ACCOUNT)?);
            }
        }
        Ok(())
    }

    /// Adds the accounts below those that were found.
    async fn finish(mut self) -> Result<DeletionPreview> {
        let mut next = 0;
        while let Some(account) = self.accounts.get(next).copied() {
            next += 1;
            let clients = Query::of(keys::customer_partition(account))
                .starting_with(keys::prefix(Client::KIND))
                .attributes(&[ACCOUNT]);
            let mut walk = self.table.walk(clients);
            while let Some(items) = self.next(&mut walk).await? {
                for item in items.iter().filter(|item| item.contains_key(ACCOUNT)) {
                    self.accounts.push(key(item, ACCOUNT)?);
                }
            }
        }
        Ok(DeletionPreview {
            counts: self.counts,
            accounts: self.accounts,
            is_complete: self.reads_left > 0,
        })
    }
}

fn key<K: Kind>(item: &Item, attribute: &str) -> Result<domain::Key<K>> {
    text(item, attribute)?
        .parse()
        .map_err(|_| Error::Internal(format!("the {attribute} of an item is not a key")))
}
