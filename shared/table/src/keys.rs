//! The keys of the table and of its indexes. All are formatted here.
//!
//! | item | partition key | sort key |
//! |---|---|---|
//! | customer | `CUS#<customer>` | `CUSTOMER` |
//! | client | `CUS#<customer>` | `CLI#<client>` |
//! | progress of a client's cascade | `CUS#<customer>` | `CASCADE#<client>` |
//! | claim of a client's external id | `CUS#<customer>` | `CODE#CLI#<external id>` |
//! | department, location, contact | owner | `DEP#<department>`, `LOC#<location>`, `CON#<contact>` |
//! | which location is the headquarters | owner | `HEADQUARTERS` |
//! | claim of a department's or location's code, case-folded | owner | `CODE#DEP#<code>`, `CODE#LOC#<code>` |
//! | partition group, partition | `CUS#<customer>` | `PGR#<group>`, `PTN#<partition>` |
//! | number of partitions in a group | `CUS#<customer>` | `MEMBERS#<group>` |
//! | claim of a group's or partition's name, case-folded | `CUS#<customer>` | `CODE#PGR#<name>`, `CODE#PTN#<name>` |
//! | API key | `CUS#<customer>` | `KEY#<partition>#<key>` |
//! | last confirmed upload of a logo, for a week | owner | `LOGO` |
//! | deactivation log | `CUS#<customer>` | `DEACTIVATION#<time>` |
//! | tombstone of a deleted entity | that of the deleted item | `DELETED#<key>` |
//! | claim of a bootstrap tenant key, never released | `TENANT#<bootstrap key>` | `TENANT` |
//! | claim of a customer's external id | `EXTERNAL#<external id>` | `EXTERNAL` |
//! | audit entry | `AUDIT#<customer>` | `<time>#<entry>` |
//! | stored answer to an idempotency key | `ONCE#<hash>` | `ONCE` |
//!
//! An owner is a customer, `CUS#<customer>`, or one of its clients, `CUS#<customer>#CLI#<client>`. The client's partition key contains the
//! customer, so a client of another customer is never found.

use crate::item::{Item, s};
use domain::{
    ApiKeyId, ClientKey, CustomerKey, EntityKind, EventKey, Key, Kind, Owner, PartitionKey, Timestamp, api_key::ApiKey,
    client::Client, partition::Partition, text,
};
use std::collections::HashMap;

pub const PK: &str = "pk";
pub const SK: &str = "sk";
/// The attribute that DynamoDB's TTL reads.
pub const TTL: &str = "keptUntil";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemKey {
    pub pk: String,
    pub sk: String,
}

impl ItemKey {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub(crate) fn of(pk: &str, sk: &str) -> Self {
        Self::new(pk, sk)
    }

    pub fn attributes(&self) -> Item {
        HashMap::from([(PK.into(), s(&self.pk)), (SK.into(), s(&self.sk))])
    }
}

/// Families of partition keys. The policies of functions grant actions on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    Customer,
    Tenant,
    External,
    Audit,
    Idempotency,
    /// In the index `customers`.
    CustomerList,
    /// In the index `expiring-keys`.
    Expiring,
}

impl Family {
    pub const ALL: &[Self] = &[
        Self::Customer,
        Self::Tenant,
        Self::External,
        Self::Audit,
        Self::Idempotency,
        Self::CustomerList,
        Self::Expiring,
    ];

    /// The value of the condition key `dynamodb:LeadingKeys` in a policy.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Customer => "CUS#*",
            Self::Tenant => "TENANT#*",
            Self::External => "EXTERNAL#*",
            Self::Audit => "AUDIT#*",
            Self::Idempotency => "ONCE#*",
            Self::CustomerList => "CUSTOMERS#*",
            Self::Expiring => "EXPIRING#*",
        }
    }
}

/// The secondary indexes. All are sparse and project everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Index {
    /// All customers, oldest first.
    Customers,
    /// Active API keys, by their expiry.
    ExpiringKeys,
}

impl Index {
    pub const ALL: &[Self] = &[Self::Customers, Self::ExpiringKeys];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::ExpiringKeys => "expiring-keys",
        }
    }

    pub const fn partition_attribute(self) -> &'static str {
        match self {
            Self::Customers => "listPk",
            Self::ExpiringKeys => "expiringPk",
        }
    }

    /// The list of customers is sorted by `key`, because `sk` is the same for every customer.
    pub const fn sort_attribute(self) -> &'static str {
        match self {
            Self::Customers => "key",
            Self::ExpiringKeys => "expiresAt",
        }
    }
}

pub fn customer_partition(customer: CustomerKey) -> String {
    format!("CUS#{customer}")
}

/// The partition of an owner's parts.
pub fn owner_partition(owner: Owner) -> String {
    let customer = customer_partition(owner.tenant().key());
    match owner.client() {
        None => customer,
        Some(client) => format!("{customer}#CLI#{client}"),
    }
}

/// The customer, and the client, of a partition key.
pub fn owner_of_partition(pk: &str) -> Option<(CustomerKey, Option<ClientKey>)> {
    let rest = pk.strip_prefix("CUS#")?;
    match rest.split_once("#CLI#") {
        None => Some((rest.parse().ok()?, None)),
        Some((customer, client)) => Some((customer.parse().ok()?, Some(client.parse().ok()?))),
    }
}

pub fn customer(customer: CustomerKey) -> ItemKey {
    ItemKey::new(customer_partition(customer), "CUSTOMER")
}

pub fn client(customer: CustomerKey, client: ClientKey) -> ItemKey {
    ItemKey::new(
        customer_partition(customer),
        format!("{}{client}", prefix(Client::KIND)),
    )
}

pub fn client_external_id(customer: CustomerKey, id: &str) -> ItemKey {
    ItemKey::new(customer_partition(customer), format!("CODE#CLI#{id}"))
}

pub const CASCADE_PREFIX: &str = "CASCADE#";

pub fn cascade(customer: CustomerKey, client: ClientKey) -> ItemKey {
    ItemKey::new(customer_partition(customer), format!("{CASCADE_PREFIX}{client}"))
}

/// The start of the sort keys of one kind of entity: the prefix of its keys, in upper case.
pub fn prefix(kind: EntityKind) -> String {
    format!("{}#", kind.prefix.to_uppercase())
}

/// A part of an owner.
pub fn part<K: Kind>(owner: Owner, key: Key<K>) -> ItemKey {
    ItemKey::new(owner_partition(owner), format!("{}{key}", prefix(K::KIND)))
}

pub fn headquarters(owner: Owner) -> ItemKey {
    ItemKey::new(owner_partition(owner), "HEADQUARTERS")
}

pub fn confirmed_upload(owner: Owner) -> ItemKey {
    ItemKey::new(owner_partition(owner), "LOGO")
}

/// Values that are equal when they are compared have the same key.
pub fn part_code(owner: Owner, kind: EntityKind, code: &str) -> ItemKey {
    ItemKey::new(
        owner_partition(owner),
        format!("CODE#{}{}", prefix(kind), text::folded(code)),
    )
}

/// A partition, by keys that are not verified yet.
pub fn partition(customer: CustomerKey, partition: PartitionKey) -> ItemKey {
    let sk = format!("{}{partition}", prefix(Partition::KIND));
    ItemKey::new(customer_partition(customer), sk)
}

pub fn members<K: Kind>(owner: Owner, group: Key<K>) -> ItemKey {
    ItemKey::new(owner_partition(owner), format!("MEMBERS#{group}"))
}

/// The start of the sort keys of a partition's API keys. They are among the customer's items, so one query lists the keys of a partition or
/// of the whole customer.
pub fn api_keys_of(partition: PartitionKey) -> String {
    format!("{}{partition}#", prefix(ApiKey::KIND))
}

pub fn api_key(customer: CustomerKey, partition: PartitionKey, key: ApiKeyId) -> ItemKey {
    ItemKey::new(customer_partition(customer), format!("{}{key}", api_keys_of(partition)))
}

/// Over how many partitions of the index active keys are spread. All of them are read every minute.
pub const EXPIRING_SHARDS: u8 = 4;

pub fn expiring_keys(shard: u8) -> String {
    format!("EXPIRING#{shard}")
}

pub fn expiring_shard(key: ApiKeyId) -> u8 {
    // The last byte of a UUIDv7 is random.
    key.uuid().as_bytes()[15] % EXPIRING_SHARDS
}

pub const DEACTIVATION_PREFIX: &str = "DEACTIVATION#";

pub fn deactivation(customer: CustomerKey, at: Timestamp) -> ItemKey {
    ItemKey::new(customer_partition(customer), format!("{DEACTIVATION_PREFIX}{at}"))
}

pub fn tombstone(of: &ItemKey, key: &str) -> ItemKey {
    ItemKey::new(&of.pk, format!("DELETED#{key}"))
}

pub fn tenant(bootstrap_tenant_key: &str) -> ItemKey {
    ItemKey::new(format!("TENANT#{bootstrap_tenant_key}"), "TENANT")
}

pub fn external_id(id: &str) -> ItemKey {
    ItemKey::new(format!("EXTERNAL#{id}"), "EXTERNAL")
}

pub fn audit_partition(customer: CustomerKey) -> String {
    format!("AUDIT#{customer}")
}

pub fn audit(customer: CustomerKey, at: Timestamp, entry: EventKey) -> ItemKey {
    ItemKey::new(audit_partition(customer), format!("{at}#{entry}"))
}

pub fn idempotency(id: &str) -> ItemKey {
    ItemKey::new(format!("ONCE#{id}"), "ONCE")
}

/// A partition of the list of all customers. One partition of an index takes about 1,000 writes a second, and beyond that slows the writes
/// of the table: a deployment with more writes increases the number of shards. Lists read the shards in order, so the number may be
/// increased at any time, and must never be decreased.
pub fn customer_list(shard: u8) -> String {
    format!("CUSTOMERS#{shard}")
}

pub fn customer_shard(customer: CustomerKey, shards: u8) -> u8 {
    // The last byte of a UUIDv7 is random.
    customer.uuid().as_bytes()[15] % shards.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_key_belongs_to_one_family() {
        let cus: CustomerKey = "cus_01kb1v0c1tfr2v6krscysfnvgb".parse().unwrap();
        let keys = [
            customer(cus).pk,
            tenant("acme").pk,
            external_id("x").pk,
            audit_partition(cus),
            idempotency("x").pk,
            customer_list(0),
            expiring_keys(0),
        ];
        for (pk, family) in keys.iter().zip(Family::ALL) {
            let fitting: Vec<_> = Family::ALL
                .iter()
                .filter(|f| pk.starts_with(f.pattern().trim_end_matches('*')))
                .collect();
            assert_eq!(fitting, [family], "{pk}");
        }
    }
}
