//! Standalone, invoked by a person: publishes the changes that the stream's trigger gave up, in the order of the stream and with the trigger's
//! own code.
//!
//! It deletes an object only after its events are published, so it can be stopped at any time and invoked again. Events that are published
//! twice have the same ids.

use crate::{kept, publish_changes::PublishChanges};
use domain::{Result, defect_of};
use runtime::{Context, Standalone, StandaloneSpec, Started, Trigger, context::Failures};
use serde_json::{Value, json};

pub struct ReplayStreamFailures;

/// How many objects one invocation replays at most. The answer says whether there are more.
const AT_ONCE: usize = 100;

impl Standalone for ReplayStreamFailures {
    const SPEC: StandaloneSpec = StandaloneSpec {
        name: "replay-stream-failures",
        summary: "Publish the changes that the stream's trigger gave up.",
        started: Started::ByHand,
        operations: PublishChanges::SPEC.operations,
        replays: true,
    };

    async fn run(ctx: &Context, _: Value, _: String) -> Result<Value> {
        let failures = ctx.failures()?;
        let (keys, more) = kept::oldest(failures, AT_ONCE).await?;
        let mut replayed = 0;
        for key in keys {
            if let Err(reason) = replay(ctx, failures, &key).await? {
                tracing::error!(key, reason, "an object can't be replayed, so those after it wait");
                let stopped_at = json!({"key": key, "reason": reason});
                return Ok(json!({"replayed": replayed, "more": true, "stoppedAt": stopped_at}));
            }
            tracing::info!(key, "replayed");
            replayed += 1;
        }
        Ok(json!({"replayed": replayed, "more": more, "stoppedAt": null}))
    }
}

/// Replays one object, or gives the reason why it stays.
async fn replay(ctx: &Context, failures: &Failures, key: &str) -> Result<std::result::Result<(), String>> {
    let Some(content) = kept::read(failures, key).await? else {
        return Ok(Ok(()));
    };
    let records = match kept::parse(&content).and_then(|batch| batch.event()) {
        Ok(event) => event.records,
        Err(error) => return Ok(Err(format!("it is not what Lambda writes: {}", defect_of(&error)))),
    };
    if let Err(index) = PublishChanges::run(ctx, &records).await {
        let number = records
            .get(index)
            .and_then(|record| record.change.sequence_number.clone());
        let number = number.unwrap_or_default();
        return Ok(Err(format!(
            "its record {number} can't be published; the log has the cause"
        )));
    }
    kept::delete(failures, key).await?;
    Ok(Ok(()))
}
