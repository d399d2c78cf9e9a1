//! Checks that the resources of a template fit together: references must lead to resources, and AWS must accept them.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Result, anyhow, bail, ensure};

use super::{names, policies, roles};
use crate::arn;
use crate::eventbridge::pattern::Pattern;
use crate::plan::{OnFailure, Plan, Source};

/// Checks that the resources of a template fit together.
pub fn check(plan: &Plan) -> Result<()> {
    let queues: HashSet<&str> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
    let is_queue = |arn: &str| names::queue_of(arn).is_some_and(|name| queues.contains(name));

    unique("two tables have the name", plan.tables.iter().map(|table| &table.name))?;
    unique("two queues have the name", plan.queues.iter().map(|queue| &queue.name))?;
    unique("two event buses have the name", plan.buses.iter().map(|bus| &bus.name))?;
    unique(
        "two functions have the name",
        plan.functions.iter().map(|function| &function.name),
    )?;

    unique(
        "two buckets have the name",
        plan.buckets.iter().map(|bucket| &bucket.name),
    )?;
    if let Some(cdn) = &plan.cdn {
        ensure!(
            plan.buckets.iter().any(|bucket| bucket.name == cdn.bucket),
            "resource {}: DistributionConfig.Origins: there is no bucket `{}` in this template",
            cdn.logical_id,
            cdn.bucket
        );
    }

    for queue in &plan.queues {
        if let Some(redrive) = &queue.redrive {
            ensure!(
                queues.contains(redrive.dead_letter_queue.as_str()),
                "resource {}: RedrivePolicy.deadLetterTargetArn: there is no queue `{}` in this template",
                queue.logical_id,
                redrive.dead_letter_queue
            );
        }
    }
    for rule in &plan.rules {
        Pattern::parse(&rule.pattern).map_err(|problem| anyhow!("rule {}: EventPattern: {problem}", rule.name))?;
        ensure!(
            rule.bus == arn::DEFAULT_BUS || plan.buses.iter().any(|bus| bus.name == rule.bus),
            "rule {}: EventBusName: there is no event bus `{}` in this template",
            rule.name,
            rule.bus
        );
        for arn in rule
            .targets
            .iter()
            .flat_map(|target| [Some(&target.queue_arn), target.dead_letter_queue_arn.as_ref()])
            .flatten()
        {
            ensure!(
                is_queue(arn),
                "rule {}: Targets: there is no queue {arn} in this template",
                rule.name
            );
        }
    }
    policies::check(plan)?;
    for mapping in &plan.mappings {
        let id = &mapping.id;
        for filter in &mapping.filters {
            Pattern::parse(filter)
                .map_err(|problem| anyhow!("event source mapping {id}: FilterCriteria: {problem}"))?;
        }
        let Some(function) = plan.functions.iter().find(|function| function.name == mapping.function) else {
            bail!(
                "event source mapping {id}: FunctionName: there is no function `{}` in this template",
                mapping.function
            );
        };
        match &mapping.source {
            Source::Queue { queue, .. } => {
                let Some(queue) = plan.queues.iter().find(|known| known.name == *queue) else {
                    bail!("event source mapping {id}: there is no queue `{queue}` in this template");
                };
                // Lambda refuses such a mapping: a message would be received again while a function still works on it.
                ensure!(
                    queue.visibility_timeout >= function.timeout,
                    "event source mapping {id}: the VisibilityTimeout of {} ({} s) is shorter than the Timeout of {} ({} s)",
                    queue.logical_id,
                    queue.visibility_timeout,
                    function.logical_id,
                    function.timeout
                );
            }
            Source::Stream(source) => {
                let table = plan.tables.iter().find(|table| table.name == source.table);
                ensure!(
                    table.is_some_and(|table| table.streamed),
                    "event source mapping {id}: no table `{}` with a stream in this template",
                    source.table
                );
                let (kind, name, is_there) = match &source.on_failure {
                    None => continue,
                    Some(OnFailure::Queue(queue)) => ("queue", queue, queues.contains(queue.as_str())),
                    Some(OnFailure::Bucket(bucket)) => {
                        ("bucket", bucket, plan.buckets.iter().any(|known| known.name == *bucket))
                    }
                };
                ensure!(
                    is_there,
                    "event source mapping {id}: DestinationConfig: there is no {kind} `{name}` in this template"
                );
                if matches!(source.on_failure, Some(OnFailure::Bucket(_))) {
                    // Without these permissions Lambda drops what it gives up.
                    ensure!(
                        policies::may_keep_in(plan, function, name),
                        "event source mapping {id}: DestinationConfig: the role of {} must allow s3:PutObject and s3:ListBucket on \
                         the bucket `{name}`",
                        function.logical_id
                    );
                }
            }
        }
    }
    let mut routes = BTreeSet::new();
    for route in &plan.routes {
        let key = route.key();
        ensure!(
            plan.functions.iter().any(|function| function.name == route.function),
            "route `{key}`: there is no function `{}` in this template",
            route.function
        );
        ensure!(
            routes.insert((&route.method, without_names(&route.path))),
            "function {}: the route `{key}` is declared twice",
            route.function
        );
    }
    roles::check(plan)?;
    for key in plan.throttles.routes.keys() {
        // API Gateway refuses such settings too.
        ensure!(
            plan.routes.iter().any(|route| route.key() == *key),
            "RouteSettings: the API has no route `{key}`"
        );
    }
    Ok(())
}

fn unique<'a>(complaint: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        ensure!(seen.insert(name), "{complaint} `{name}`");
    }
    Ok(())
}

/// The path without the names of its parameters. Routes that differ only in these names are the same route.
fn without_names(path: &str) -> String {
    path.split('/')
        .map(|part| match part.strip_prefix('{') {
            Some(name) if name.ends_with("+}") => "{+}",
            Some(_) => "{}",
            None => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}
