//! Event source mappings: they read streams and queues, and invoke functions with the records and messages.

mod batch;
mod queue;
mod services;
mod stream;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use tokio::task::JoinSet;

use crate::eventbridge::pattern::Pattern;
use crate::plan::{Mapping, Plan, Source};
use crate::store::Store;

pub use services::Services;

/// The running mappings. They end when this is dropped.
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
                let queue =
                    queue.with_context(|| format!("event source mapping {}: there is no such queue", mapping.id))?;
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
    /// For each table with a stream: the sequence number of the last record that every mapping has processed, or `None` if
    /// the table has no mapping. Omits a table if one of its mappings has processed nothing yet.
    pub fn passed(&self) -> Vec<(String, Option<String>)> {
        let passed_of = |table: &String| {
            let readers = self.streams.iter().filter(|stream| stream.table() == table);
            let passed: Option<Vec<String>> = readers.map(|stream| stream.position(&self.store).ok()?).collect();
            // Sequence numbers are decimal: a shorter one is smaller.
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

#[cfg(test)]
mod tests;
