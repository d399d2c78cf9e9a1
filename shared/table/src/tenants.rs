//! The bootstrap keys of the tenants to which customers belong. A customer's never changes, so a process keeps those that it has read.

use crate::{
    Operation, Table,
    item::{BEFORE, Item, text},
    keys::{self, PK},
    operation::on_customer::BATCH_GET,
};
use domain::{CustomerKey, Error, Result};
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
            self.add(&item, &item, &mut found)?;
        }
        let tombstone = |customer: CustomerKey| keys::tombstone(&keys::customer(customer), &customer.to_string());
        let wanted: Vec<_> = unknown(&found).into_iter().map(tombstone).collect();
        for item in table.get_parts_of_all(&wanted, &[PK, BEFORE]).await? {
            let before = item.get(BEFORE).and_then(|before| before.as_m().ok());
            let before = before.ok_or_else(|| Error::Internal("a tombstone has no image".into()))?;
            self.add(&item, before, &mut found)?;
        }
        Ok(found)
    }

    fn add(&self, item: &Item, customer: &Item, found: &mut HashMap<CustomerKey, String>) -> Result<()> {
        let (key, _) = keys::owner_of_partition(text(item, PK)?)
            .ok_or_else(|| Error::Internal("an item is in no customer's partition".into()))?;
        let tenant = text(customer, BOOTSTRAP_TENANT_KEY)?;
        self.keep(key, tenant);
        found.insert(key, tenant.to_owned());
        Ok(())
    }

    pub fn keep(&self, customer: CustomerKey, tenant: &str) {
        let mut kept = self.kept();
        if kept.len() >= KEPT {
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
