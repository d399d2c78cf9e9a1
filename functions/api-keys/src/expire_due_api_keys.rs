//! Standalone, every minute: marks API keys as expired once their time is over, which publishes their events. They stopped working at that
//! time, whenever this function runs.

use domain::{Actor, Result};
use runtime::{Context, Standalone, StandaloneSpec, Started};
use serde_json::{Value, json};
use table::{Change, api_keys::ApiKeys, keys::EXPIRING_SHARDS};

pub struct ExpireDueApiKeys;

/// The most pages of a hundred keys in one run. The next run continues.
const MAX_PAGES: usize = 20;

impl Standalone for ExpireDueApiKeys {
    const SPEC: StandaloneSpec = StandaloneSpec {
        name: "expire-due-api-keys",
        summary: "Mark API keys as expired once their time is over, which publishes their events.",
        started: Started::EveryMinute,
        operations: &[ApiKeys::EXPIRE_DUE],
        replays: false,
    };

    async fn run(ctx: &Context, _: Value, request_id: String) -> Result<Value> {
        let change = Change {
            now: ctx.clock.now(),
            actor: Actor::system(Self::SPEC.name),
            request_id,
            idempotency_key: None,
        };
        let mut pages_left = MAX_PAGES;
        for shard in 0..EXPIRING_SHARDS {
            while pages_left > 0 && ctx.api_keys().expire_due(shard, &change).await? {
                pages_left -= 1;
            }
        }
        Ok(json!({}))
    }
}
