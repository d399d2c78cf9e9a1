//! What a deletion would take with it.

use super::Cascades;
use crate::{
    Operation, Table,
    item::{ENTITY, Item, text},
    keys,
    operation::on_customer::{GET, QUERY},
    query::{Query, Walk},
};
use domain::{
    ClientKey, CustomerKey, EntityKind, Error, Owner, PartitionKey, Result, Tenant,
    fields::{Field, Rule},
};

const COUNT: Rule = Rule::Whole { min: 0, max: i64::MAX };

const COUNTS: &[Field] = &[
    Field::new("clients", COUNT, "").required(),
    Field::new("departments", COUNT, "").required(),
    Field::new("locations", COUNT, "").required(),
    Field::new("contacts", COUNT, "").required(),
    Field::new("deactivations", COUNT, "Entries of the deactivation log.").required(),
    Field::new("partitionGroups", COUNT, "").required(),
    Field::new("partitions", COUNT, "").required(),
    Field::new("apiKeys", COUNT, "Keys that would end.").required(),
];

/// As the API shows it.
pub fn preview_fields() -> Vec<Field> {
    vec![
        Field::new("counts", Rule::Object(COUNTS), "How many of each kind would go.").required(),
        Field::new(
            "accounts",
            Rule::List {
                of: &Rule::Key(EntityKind::Customer),
                max: 100_000,
            },
            "The accounts that would be disabled: those of clients that go, and those below them.",
        )
        .required(),
        Field::new(
            "isComplete",
            Rule::Flag,
            "False where there is more than one look takes in: then the counts are what it came to.",
        )
        .required(),
    ]
}

/// What would go with something, were it deleted.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionPreview {
    pub counts: Counts,
    /// The accounts that would be disabled: those of the clients that go, and those below them.
    pub accounts: Vec<CustomerKey>,
    /// Whether that is all: so much is looked at and no more.
    pub is_complete: bool,
}

#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub clients: u64,
    pub departments: u64,
    pub locations: u64,
    pub contacts: u64,
    pub deactivations: u64,
    pub partition_groups: u64,
    pub partitions: u64,
    /// Those that would end: what has ended goes by itself.
    pub api_keys: u64,
}

/// A client's account.
const ACCOUNT: &str = "clientCustomerKey";
/// The attributes that a preview reads.
const TALLIED: &[&str] = &[ENTITY, "key", "status", ACCOUNT];

/// How many requests looking at what would go may take.
const LOOKS: u32 = 200;

impl Cascades<'_> {
    pub const PREVIEW_CUSTOMER_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// What deleting a customer would take with it.
    pub async fn preview_customer_deletion(&self, tenant: Tenant) -> Result<DeletionPreview> {
        if self.0.get(&keys::customer(tenant.key())).await?.is_none() {
            return Err(Error::NotFound(EntityKind::Customer));
        }
        let mut look = Look::new(self.0);
        let clients = look.count(tenant.itself()).await?;
        for (client, account) in clients {
            look.count(tenant.client(client)).await?;
            look.accounts.extend(account);
        }
        for partition in std::mem::take(&mut look.partitions) {
            look.count_in(keys::api_key_partition(tenant.key(), partition)).await?;
        }
        look.descend().await
    }

    pub const PREVIEW_CLIENT_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// What deleting a client would take with it.
    pub async fn preview_client_deletion(&self, tenant: Tenant, key: ClientKey) -> Result<DeletionPreview> {
        let client = self.0.clients().read(tenant, key).await?;
        let mut look = Look::new(self.0);
        look.count(tenant.client(key)).await?;
        look.accounts.extend(client.client_customer_key);
        look.descend().await
    }
}

/// A look around, of limited length.
struct Look<'t> {
    table: &'t Table,
    left: u32,
    counts: Counts,
    accounts: Vec<CustomerKey>,
    partitions: Vec<PartitionKey>,
}

type Found = (ClientKey, Option<CustomerKey>);

impl<'t> Look<'t> {
    fn new(table: &'t Table) -> Self {
        Self {
            table,
            left: LOOKS,
            counts: Counts::default(),
            accounts: Vec::new(),
            partitions: Vec::new(),
        }
    }

    /// Counts what an owner has; its clients, with their accounts.
    async fn count(&mut self, owner: Owner) -> Result<Vec<Found>> {
        self.count_in(keys::owner_partition(owner)).await
    }

    async fn count_in(&mut self, partition: String) -> Result<Vec<Found>> {
        let mut clients = Vec::new();
        let mut walk = self.table.walk(Query::of(partition).attributes(TALLIED));
        while let Some(items) = self.next(&mut walk).await? {
            for item in items {
                clients.extend(self.tell(&item)?);
            }
        }
        Ok(clients)
    }

    /// The next page of a walk, if there is one and reads are left.
    async fn next(&mut self, walk: &mut Walk<'_>) -> Result<Option<Vec<Item>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let page = walk.next().await?;
        self.left -= u32::from(page.is_some());
        Ok(page)
    }

    fn tell(&mut self, item: &Item) -> Result<Option<Found>> {
        let attribute = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
        match attribute(ENTITY) {
            Some("Department") => self.counts.departments += 1,
            Some("Location") => self.counts.locations += 1,
            Some("Contact") => self.counts.contacts += 1,
            Some("Deactivation") => self.counts.deactivations += 1,
            Some("PartitionGroup") => self.counts.partition_groups += 1,
            Some("ApiKey") if attribute("status") == Some("Active") => self.counts.api_keys += 1,
            Some("Partition") => {
                self.counts.partitions += 1;
                let key = text(item, "key")?.parse();
                self.partitions
                    .push(key.map_err(|_| Error::Internal("a partition's item has no key".into()))?);
            }
            Some("Client") => {
                self.counts.clients += 1;
                let client = text(item, "key")?.parse();
                let client = client.map_err(|_| Error::Internal("a client's item has no key".into()))?;
                return Ok(Some((client, attribute(ACCOUNT).and_then(|key| key.parse().ok()))));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Adds the accounts below those it knows.
    async fn descend(mut self) -> Result<DeletionPreview> {
        let mut next = 0;
        while next < self.accounts.len() && self.left > 0 {
            let account = self.accounts[next];
            next += 1;
            let clients = Query::of(keys::customer_partition(account))
                .starting_with(keys::CLIENT_PREFIX)
                .attributes(&[ACCOUNT]);
            let mut walk = self.table.walk(clients);
            while let Some(items) = self.next(&mut walk).await? {
                let accounts = items.iter().filter_map(|item| text(item, ACCOUNT).ok()?.parse().ok());
                self.accounts.extend(accounts.collect::<Vec<CustomerKey>>());
            }
        }
        Ok(DeletionPreview {
            counts: self.counts,
            accounts: self.accounts,
            is_complete: self.left > 0,
        })
    }
}
