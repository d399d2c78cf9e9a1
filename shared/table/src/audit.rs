//! The audit trail: one partition a customer, newest first when read. Nothing ever deletes from it.

use crate::{
    Action, Grant, Operation, PageRequest, Table,
    item::{ENTITY, Item, from_item, s, to_item},
    keys::{self, Family},
    query::Query,
    write::refused,
};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::{CustomerKey, Error, Result, Tenant, audit::AuditEntry};

/// What `BatchWriteItem` takes at once.
const BATCH: usize = 25;
const TRIES: usize = 5;
const ENTRY: &str = "entry";

pub struct Audit<'t>(pub(crate) &'t Table);

impl Audit<'_> {
    pub const RECORD: Operation = Operation::new(&[Grant::on(Family::Audit, Action::BatchWriteItem)], &[]);
    /// Writes entries. One that is there already is the same entry again: its key comes from what it tells of.
    pub async fn record(&self, entries: &[(CustomerKey, AuditEntry)]) -> Result<()> {
        let mut requests = Vec::with_capacity(entries.len());
        for (customer, entry) in entries {
            let put = PutRequest::builder()
                .set_item(Some(entry_item(*customer, entry)?))
                .build();
            let put = put.map_err(|e| Error::Internal(format!("an audit entry is no item: {e}")))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        for batch in requests.chunks(BATCH) {
            self.write(batch.to_vec()).await?;
        }
        Ok(())
    }

    async fn write(&self, mut batch: Vec<WriteRequest>) -> Result<()> {
        for _ in 0..TRIES {
            let answer = self
                .0
                .client
                .batch_write_item()
                .request_items(&self.0.name, batch)
                .send()
                .await
                .map_err(refused)?;
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
    // Apart from the item's own attributes: an entry has an `entity` too.
    item.insert(ENTRY.into(), AttributeValue::M(to_item(entry)?));
    Ok(item)
}
