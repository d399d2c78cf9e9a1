//! Every minute: keys that have come to their end are written to be so, which publishes their events. They opened nothing from that end
//! on: this is for those who listen.

use domain::{Actor, Result};
use runtime::{Context, Standalone, StandaloneSpec, Started};
use serde_json::{Value, json};
use table::{Change, api_keys::ApiKeys, keys::EXPIRING_SHARDS};

pub struct ExpireDueApiKeys;

/// A hundred keys each. What is left waits for the next minute.
const PAGES: usize = 20;

impl Standalone for ExpireDueApiKeys {
    const SPEC: StandaloneSpec = StandaloneSpec {
        name: "expire-due-api-keys",
        summary: "Write down which API keys have come to their end, so that their events tell of it.",
        started: Started::EveryMinute,
        operations: &[ApiKeys::EXPIRE_DUE],
    };

    async fn run(ctx: &Context, _: Value, request_id: String) -> Result<Value> {
        let change = Change {
            now: ctx.clock.now(),
            actor: Actor::system(Self::SPEC.name),
            request_id,
            idempotency_key: None,
        };
        let mut left = PAGES;
        for shard in 0..EXPIRING_SHARDS {
            while left > 0 && ctx.api_keys().expire_due(shard, &change).await? {
                left -= 1;
            }
        }
        Ok(json!({}))
    }
}
