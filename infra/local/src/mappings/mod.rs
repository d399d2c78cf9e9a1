//! Event source mappings: what reads streams and queues and invokes functions with what it finds.

mod queue;
mod stream;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::dynamodb::DynamoDb;
use crate::eventbridge::pattern::Pattern;
use crate::lambda::Lambda;
use crate::plan::{Mapping, Plan, Source};
use crate::sqs::Sqs;
use crate::store::Store;

/// What mappings read from and write to.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub dynamodb: DynamoDb,
    pub sqs: Sqs,
    pub lambda: Lambda,
}

/// The running mappings; they end when this is dropped.
pub struct Mappings {
    _tasks: JoinSet<()>,
    streams: Vec<Arc<stream::StreamMapping>>,
    store: Store,
    streamed_tables: Vec<String>,
}

/// Starts every enabled mapping of the plan.
pub async fn start(services: &Services, plan: &Plan) -> Result<Mappings> {
    let mut tasks = JoinSet::new();
    let mut streams = Vec::new();
    for mapping in &plan.mappings {
        let filters = filters(mapping).with_context(|| format!("event source mapping {}", mapping.id))?;
        match &mapping.source {
            Source::Stream(source) => {
                let stream =
                    stream::StreamMapping::open(services, mapping, source, filters, function_arn(plan, mapping)?)
                        .await?;
                let stream = Arc::new(stream);
                if mapping.enabled {
                    tasks.spawn(stream.clone().run());
                }
                streams.push(stream);
            }
            Source::Queue { queue, max_concurrency } if mapping.enabled => {
                let queue = plan.queues.iter().find(|known| known.name == *queue);
                let queue = queue.with_context(|| format!("the queue of {} is missing", mapping.id))?;
                tasks.spawn(queue::QueueMapping::new(services, mapping, queue, *max_concurrency, filters).run());
            }
            Source::Queue { .. } => {}
        }
    }
    let streamed_tables = plan
        .tables
        .iter()
        .filter(|table| table.streamed)
        .map(|table| table.name.clone())
        .collect();
    Ok(Mappings {
        _tasks: tasks,
        streams,
        store: services.store.clone(),
        streamed_tables,
    })
}

impl Mappings {
    /// For each table with a stream: the last record that every mapping has done with, by its sequence number. A table
    /// with a mapping that has done with nothing yet is left out.
    pub fn passed(&self) -> Vec<(String, Option<String>)> {
        let passed_of = |table: &String| {
            let readers = self.streams.iter().filter(|stream| stream.table() == table);
            let passed: Option<Vec<String>> = readers.map(|stream| stream.position(&self.store).ok()?).collect();
            // Sequence numbers are decimal: the shorter is the smaller.
            Some((
                table.clone(),
                passed?.into_iter().min_by_key(|number| (number.len(), number.clone())),
            ))
        };
        self.streamed_tables.iter().filter_map(passed_of).collect()
    }
}

fn function_arn(plan: &Plan, mapping: &Mapping) -> Result<String> {
    let function = plan.functions.iter().find(|function| function.name == mapping.function);
    Ok(function
        .with_context(|| format!("there is no function {}", mapping.function))?
        .arn
        .clone())
}

fn filters(mapping: &Mapping) -> Result<Vec<Pattern>> {
    mapping
        .filters
        .iter()
        .map(|filter| Pattern::parse(filter).map_err(|problem| anyhow!("FilterCriteria: {problem}")))
        .collect()
}

fn is_wanted(filters: &[Pattern], record: &Value) -> bool {
    filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
}

/// Which items of a batch a function reports as failed.
#[derive(Debug, PartialEq)]
enum Reported {
    Nothing,
    Items(Vec<String>),
    /// The answer does not say which, so all of them.
    Everything,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Reads `{"batchItemFailures": [{"itemIdentifier": …}]}`, or nothing at all, as the answer to a batch.
fn reported_failures(answer: &[u8]) -> Reported {
    let Ok(answer) = serde_json::from_slice::<Option<BatchAnswer>>(answer) else {
        return if answer.is_empty() {
            Reported::Nothing
        } else {
            Reported::Everything
        };
    };
    let failures = answer.unwrap_or_default().batch_item_failures.unwrap_or_default();
    match failures.iter().any(|failure| failure.item_identifier.is_empty()) {
        true => Reported::Everything,
        false if failures.is_empty() => Reported::Nothing,
        false => Reported::Items(failures.into_iter().map(|failure| failure.item_identifier).collect()),
    }
}

/// The gist of an error document, for the log.
fn gist(error: &[u8]) -> String {
    let document: Value = serde_json::from_slice(error).unwrap_or_default();
    match document.get("errorMessage").and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(error).into_owned(),
    }
}

#[cfg(test)]
mod tests;
