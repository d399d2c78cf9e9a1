//! The bootstrap keys of the tenants to which customers belong. A customer's never changes, so a process keeps those that it has read.

use crate::{
    Operation, Table,
    item::{BEFORE, Item, text},
    keys::{self, PK},
    operation::on_customer::BATCH_GET,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{CustomerKey, Result};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

const BOOTSTRAP_TENANT_KEY: &str = "bootstrapTenantKey";

/// How many are kept: about a megabyte. A full memory is emptied, which costs one more read for each customer.
const KEPT: usize = 10_000;

#[derive(Default)]
pub struct TenantKeys(Mutex<HashMap<CustomerKey, String>>);

impl TenantKeys {
    pub const OF_CUSTOMERS: Operation = Operation::new(&[BATCH_GET], &[]);
    /// The keys of these customers' tenants. Those that are not kept are read in one request for up to 100 of them, and those of deleted
    /// customers in another. A customer that was deleted long ago, and whose tombstone has expired, is left out.
    pub async fn of(&self, table: &Table, customers: &BTreeSet<CustomerKey>) -> Result<HashMap<CustomerKey, String>> {
        let mut found: HashMap<CustomerKey, String> = {
            let kept = self.kept();
            let known = customers.iter().filter_map(|key| Some((*key, kept.get(key)?.clone())));
            known.collect()
        };
        let unknown = |found: &HashMap<_, _>| -> Vec<CustomerKey> {
            let unknown = customers.iter().filter(|key| !found.contains_key(*key));
            unknown.copied().collect()
        };
        let wanted: Vec<_> = unknown(&found).into_iter().map(keys::customer).collect();
        for item in table.get_parts_of_all(&wanted, &[PK, BOOTSTRAP_TENANT_KEY]).await? {
            self.add(&item, &item, &mut found);
        }
        let tombstone = |customer: CustomerKey| keys::tombstone(&keys::customer(customer), &customer.to_string());
        let wanted: Vec<_> = unknown(&found).into_iter().map(tombstone).collect();
        for item in table.get_parts_of_all(&wanted, &[PK, BEFORE]).await? {
            if let Some(AttributeValue::M(before)) = item.get(BEFORE) {
                self.add(&item, before, &mut found);
            }
        }
        Ok(found)
    }

    /// A damaged item is left out: it must not hold up the events of other customers.
    fn add(&self, item: &Item, customer: &Item, found: &mut HashMap<CustomerKey, String>) {
        let owner = text(item, PK).ok().and_then(keys::owner_of_partition);
        if let (Some((key, _)), Ok(tenant)) = (owner, text(customer, BOOTSTRAP_TENANT_KEY)) {
            self.keep(key, tenant);
            found.insert(key, tenant.to_owned());
        }
    }

    pub fn keep(&self, customer: CustomerKey, tenant: &str) {
        let mut kept = self.kept();
        if kept.len() >= KEPT && !kept.contains_key(&customer) {
            kept.clear();
        }
        kept.insert(customer, tenant.to_owned());
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<CustomerKey, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    #[test]
    fn the_memory_is_bounded() {
        let keys = TenantKeys::default();
        for n in 0..=KEPT {
            keys.keep(CustomerKey::derived(Timestamp::default(), &n.to_string()), "acme");
            assert!(keys.kept().len() <= KEPT);
        }
        assert_eq!(keys.kept().len(), 1);
    }
}
