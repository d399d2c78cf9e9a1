//! Answers of DynamoDB that are lost on the way. The client repeats the request.

use crate::support::{Call, World, at, key_of};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef},
            dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::json;
use std::sync::atomic::{AtomicU8, Ordering};

/// Turns the answer to the first request of this operation into a server error. It expects one request at a time.
#[derive(Debug)]
struct LosesFirst {
    operation: &'static str,
    requests: AtomicU8,
}

#[dyn_dispatch_hint]
impl Intercept for LosesFirst {
    fn name(&self) -> &'static str {
        "loses the first answer"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let is_counted = target.ends_with(self.operation) || self.requests.load(Ordering::Relaxed) > 0;
        self.requests.fetch_add(u8::from(is_counted), Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.requests.load(Ordering::Relaxed) == 1 {
            *context.response_mut().status_mut() = StatusCode::try_from(500)?;
        }
        Ok(())
    }
}

/// A world whose functions lose the first answer to this operation.
async fn world_that_loses(operation: &'static str) -> World {
    let mut world = World::new().await;
    let interceptor = LosesFirst {
        operation,
        requests: AtomicU8::new(0),
    };
    let config = world.client.config().to_builder().interceptor(interceptor).build();
    world.ctx.table.client = aws_sdk_dynamodb::Client::from_conf(config);
    world
}

#[tokio::test]
async fn a_repeated_write_of_one_item_succeeds_and_changes_it_once() {
    let world = world_that_loses("PutItem").await;
    let customer = key_of(&world.tenant("Acme").await);
    // There is no address to change in place, so the whole item is written.
    let patch = json!({"name": "Acme Tools", "address": {"line1": "1 Main Street", "country": "US"}});
    let call = Call::new("PATCH", &at(&customer)).by(&world.admin()).json(patch);
    let answer = world.send(call).await;
    assert_eq!(answer.requests, ["UpdateItem", "PutItem", "PutItem"]);
    assert_eq!((answer.status, &answer.body["version"]), (200, &json!(2)));
    let stored = world.get(&world.admin(), &at(&customer)).await.expect(200).body;
    assert_eq!(stored, answer.body);
}

#[tokio::test]
async fn a_repeated_change_in_place_finds_its_own_version() {
    let world = world_that_loses("UpdateItem").await;
    let customer = key_of(&world.tenant("Acme").await);
    let patch = Call::new("PATCH", &at(&customer))
        .by(&world.admin())
        .json(json!({"name": "Acme Tools"}));
    let answer = world.send(patch.header("if-match", "\"1\"")).await;
    assert_eq!(
        (answer.status, &answer.body["version"]),
        (200, &json!(2)),
        "{}",
        answer.body
    );
}
