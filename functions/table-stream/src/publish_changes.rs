//! Trigger, on the table's stream: turns every change into its domain events, and writes them to the audit trail, then to the bus.

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::{Error, Result};
use events::{Event, event::SOURCE, events_of};
use runtime::{Context, Trigger, TriggerSpec, context::Bus};
use std::collections::BTreeSet;
use table::{audit::Audit, tenants::TenantKeys};

pub struct PublishChanges;

/// The most entries in one call of `PutEvents`, and the most bytes in all of them together.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 250 * 1024;
/// How often an entry is sent before the batch is reported as failed.
const TRIES: usize = 3;

impl Trigger for PublishChanges {
    const SPEC: TriggerSpec = TriggerSpec {
        name: "table-stream",
        summary: "Turn every change of the table into its domain events.",
        operations: &[TenantKeys::OF_CUSTOMERS, Audit::RECORD],
    };

    async fn run(ctx: &Context, records: &[EventRecord]) -> Result<(), usize> {
        let (mut events, unreadable) = read(records);
        let mut failed: BTreeSet<usize> = unreadable.into_iter().collect();
        // Lambda delivers again from the first unreadable record on, so the records after it wait.
        let end = failed.first().copied().unwrap_or(records.len());
        events.retain(|(record, _)| *record < end);
        let first = events.first().map_or(0, |(record, _)| *record);
        if let Err(error) = name_tenants(ctx, &mut events).await {
            tracing::error!(cause = %error, "the customers' tenants can't be read");
            return Err(first);
        }
        let entries = match events.into_iter().map(entry).collect::<Result<Vec<_>>>() {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(cause = %error, "an event can't be written");
                return Err(first);
            }
        };
        if let Some(first) = entries.first() {
            let audit_entries: Vec<_> = entries
                .iter()
                .map(|entry| (entry.event.customer_key, entry.event.audit_entry()))
                .collect();
            if let Err(error) = ctx.audit().record(&audit_entries).await {
                tracing::error!(cause = %error, "the audit trail can't be written");
                return Err(first.record);
            }
        }
        match ctx.bus() {
            Ok(bus) => failed.extend(publish(bus, entries).await),
            Err(error) => {
                tracing::error!(cause = %error, "events can't be published");
                return Err(0);
            }
        }
        failed.first().map_or(Ok(()), |first| Err(*first))
    }
}

/// One event to publish, and the index of its record.
struct Entry {
    record: usize,
    event: Event,
    detail: String,
}

/// The events of a batch, each with the index of its record, and the indexes of unreadable records.
fn read(records: &[EventRecord]) -> (Vec<(usize, Event)>, Vec<usize>) {
    let mut read = Vec::new();
    let mut unreadable = Vec::new();
    for (record, change) in records.iter().enumerate() {
        match events_of(change) {
            Ok(events) => read.extend(events.into_iter().map(|event| (record, event))),
            Err(error) => {
                tracing::error!(record = change.event_id, cause = %error, "a stream record can't be read");
                unreadable.push(record);
            }
        }
    }
    (read, unreadable)
}

/// Adds the bootstrap tenant key to the events of entities below a customer. Those of customers have it, and are remembered.
async fn name_tenants(ctx: &Context, events: &mut [(usize, Event)]) -> Result<()> {
    for (_, event) in events.iter() {
        if let Some(tenant) = &event.bootstrap_tenant_key {
            ctx.tenant_keys.keep(event.customer_key, tenant);
        }
    }
    let nameless = || events.iter().filter(|(_, event)| event.bootstrap_tenant_key.is_none());
    let customers: BTreeSet<_> = nameless().map(|(_, event)| event.customer_key).collect();
    let tenants = ctx.tenant_keys.of(&ctx.table, &customers).await?;
    for (_, event) in events {
        if event.bootstrap_tenant_key.is_none() {
            event.bootstrap_tenant_key = tenants.get(&event.customer_key).cloned();
            if event.bootstrap_tenant_key.is_none() {
                let customer = event.customer_key.to_string();
                tracing::error!(
                    customer,
                    "no item names the tenant of this customer; its event does not either"
                );
            }
        }
    }
    Ok(())
}

fn entry((record, event): (usize, Event)) -> Result<Entry> {
    Ok(Entry {
        record,
        detail: event.detail()?,
        event,
    })
}

/// Publishes events, as many in one call as it takes. Returns the records that have an unpublished event. Sends again only the entries that
/// the bus refused, because the others would arrive twice.
async fn publish(bus: &Bus, mut entries: Vec<Entry>) -> BTreeSet<usize> {
    for attempt in 1..=TRIES {
        let mut refused = Vec::new();
        for batch in calls(entries) {
            refused.extend(put(bus, batch).await);
        }
        if refused.is_empty() {
            return BTreeSet::new();
        }
        tracing::warn!(attempt, events = refused.len(), "the bus refused events");
        entries = refused;
    }
    entries.into_iter().map(|entry| entry.record).collect()
}

/// Splits entries into calls within the limits.
fn calls(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut calls: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.detail.len() + 200;
        match calls.last_mut() {
            Some(call) if call.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                bytes += size;
                call.push(entry);
            }
            _ => {
                bytes = size;
                calls.push(vec![entry]);
            }
        }
    }
    calls
}

/// Makes one call and returns the entries that the bus refused.
async fn put(bus: &Bus, batch: Vec<Entry>) -> Vec<Entry> {
    let request = batch.iter().map(|entry| {
        PutEventsRequestEntry::builder()
            .event_bus_name(&bus.name)
            .source(SOURCE)
            .detail_type(entry.event.r#type.name())
            .detail(&entry.detail)
            .build()
    });
    match bus
        .client
        .put_events()
        .set_entries(Some(request.collect()))
        .send()
        .await
    {
        Ok(answer) => {
            let results = answer.entries.unwrap_or_default();
            batch
                .into_iter()
                .enumerate()
                .filter(|(index, _)| results.get(*index).is_none_or(|result| result.event_id.is_none()))
                .map(|(_, entry)| entry)
                .collect()
        }
        Err(error) => {
            let cause = Error::Unavailable(format!("{}", aws_sdk_eventbridge::error::DisplayErrorContext(&error)));
            tracing::error!(%cause, "the bus can't be reached");
            batch
        }
    }
}
