//! The audit trail: one partition for each customer, read newest first. Entries are never deleted.

use crate::{
    Action, Grant, Operation, PageRequest, Table,
    attempt::{TRIES, pause_after},
    item::{ENTITY, Item, from_item, s, to_item},
    keys::{self, Family},
    query::Query,
    write::sdk_error,
};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::{CustomerKey, Error, Result, Tenant, audit::AuditEntry};

/// The limit of `BatchWriteItem`.
const BATCH: usize = 25;
const ENTRY: &str = "entry";

pub struct Audit<'t>(pub(crate) &'t Table);

impl Audit<'_> {
    pub const RECORD: Operation = Operation::new(&[Grant::on(Family::Audit, Action::BatchWriteItem)], &[]);
    /// Writes entries. Each key is derived from the change, so an entry that is written twice is stored once.
    pub async fn record(&self, entries: &[(CustomerKey, AuditEntry)]) -> Result<()> {
        let mut requests = Vec::with_capacity(entries.len());
        for (customer, entry) in entries {
            let put = PutRequest::builder()
                .set_item(Some(entry_item(*customer, entry)?))
                .build();
            let put = put.map_err(|e| Error::Internal(format!("an audit entry is not an item: {e}")))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        for batch in requests.chunks(BATCH) {
            self.write(batch.to_vec()).await?;
        }
        Ok(())
    }

    async fn write(&self, mut batch: Vec<WriteRequest>) -> Result<()> {
        for tried in 0..TRIES {
            pause_after(tried).await;
            let answer = self
                .0
                .client
                .batch_write_item()
                .request_items(&self.0.name, batch)
                .send()
                .await
                .map_err(sdk_error)?;
            batch = answer
                .unprocessed_items
                .and_then(|mut left| left.remove(&self.0.name))
                .unwrap_or_default();
            if batch.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Unavailable("audit entries were left unprocessed".into()))
    }

    pub const LIST: Operation = Operation::new(&[Grant::on(Family::Audit, Action::Query)], &[]);
    pub async fn list(&self, tenant: Tenant, request: &PageRequest) -> Result<(Vec<AuditEntry>, Option<String>)> {
        let query = Query::of(keys::audit_partition(tenant.key())).newest_first();
        let (items, next) = self.0.page_of_partition(&query, request).await?;
        let entries = items.into_iter().map(entry_of).collect::<Result<_>>()?;
        Ok((entries, next))
    }
}

fn entry_of(mut item: Item) -> Result<AuditEntry> {
    match item.remove(ENTRY) {
        Some(AttributeValue::M(entry)) => from_item(entry),
        _ => Err(Error::Internal("an audit item has no entry".into())),
    }
}

pub(crate) fn entry_item(customer: CustomerKey, entry: &AuditEntry) -> Result<Item> {
    let mut item = keys::audit(customer, entry.time, entry.key).attributes();
    item.insert(ENTITY.into(), s("Audit"));
    // Nested, because an entry has an attribute `entity` too.
    item.insert(ENTRY.into(), AttributeValue::M(to_item(entry)?));
    Ok(item)
}
