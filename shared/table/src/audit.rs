//! The audit trail: one partition for each customer, read newest first. Entries are never deleted.

use crate::{
    Action, Grant, Operation, PageRequest, Table,
    attempt::{TRIES, pause_after},
    expression::Expression,
    item::{ENTITY, Item, from_item, s, to_item},
    keys::{self, Family},
    query::Query,
    write::sdk_error,
};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::{CustomerKey, Error, Result, Tenant, Timestamp, audit::AuditEntry};

/// The limit of `BatchWriteItem`.
const BATCH: usize = 25;
const ENTRY: &str = "entry";

/// Sort keys start with the digit of a year. These are before and after all of them.
const EARLIEST: &str = "0";
const LATEST: &str = ":";

pub struct Audit<'t>(pub(crate) &'t Table);

/// The filter of a trail.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct AuditFilter {
    pub action: Option<String>,
    /// The actor's id.
    pub actor: Option<String>,
    /// The entity's key.
    pub entity: Option<String>,
    /// The earliest time.
    pub from: Option<Timestamp>,
    /// The end: entries at this time are left out.
    pub to: Option<Timestamp>,
}

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
    /// Newest first. The times select a range of sort keys, and the rest of the filter is applied to what is read.
    pub async fn list(
        &self,
        tenant: Tenant,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<(Vec<AuditEntry>, Option<String>)> {
        let query = Query::of(keys::audit_partition(tenant.key()))
            .between(filter.first(), filter.last())
            .filter(filter.expression())
            .newest_first();
        let (items, next) = self.0.page_of_partition(&query, request).await?;
        let entries = items.into_iter().map(entry_of).collect::<Result<_>>()?;
        Ok((entries, next))
    }
}

impl AuditFilter {
    fn first(&self) -> String {
        self.from.map_or_else(|| EARLIEST.into(), |from| from.to_string())
    }

    /// The sort keys of entries at this time are longer, so they come after it.
    fn last(&self) -> String {
        self.to.map_or_else(|| LATEST.into(), |to| to.to_string())
    }

    fn expression(&self) -> Expression {
        [
            ("#entry.#action = :action", ":action", &self.action),
            ("#entry.#actor.#id = :actor", ":actor", &self.actor),
            ("#entry.#entity.#key = :entity", ":entity", &self.entity),
        ]
        .into_iter()
        .filter_map(|(text, name, value)| Some(Expression::new(text).with(name, s(value.as_ref()?))))
        .fold(Expression::default(), Expression::and)
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
