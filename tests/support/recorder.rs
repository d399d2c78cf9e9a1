//! Records every request to the table and to the bucket: which operations there were, and on which keys.

use super::usage::{self, Use};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
            dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use runtime::{Function, Grant, spec::Action};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};
use table::keys::{Family, Index};

/// Adds each request to the table to the recording of the call that makes it. Concurrent calls have separate recordings.
#[derive(Clone, Debug)]
pub struct Recorder;

tokio::task_local! {
    static RECORDING: Arc<Mutex<Recording>>;
}

/// Runs a call and returns its result and its requests.
pub async fn record<T>(call: impl Future<Output = T>) -> (T, Recording) {
    let recording = Arc::default();
    let result = RECORDING.scope(Arc::clone(&recording), call).await;
    let recording = std::mem::take(&mut *recording.lock().unwrap());
    (result, recording)
}

/// The requests of one call.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The operations on the table, in order.
    pub requests: Vec<String>,
    /// The number of bytes of each of the table's answers, in order.
    pub received: Vec<usize>,
    used: BTreeSet<Grant>,
    /// The S3 actions, each with its folder of the bucket.
    objects: BTreeSet<(&'static str, &'static str)>,
}

impl Recording {
    /// Asserts that the function has a grant for each request.
    #[track_caller]
    pub fn check_granted(&self, function: &Function) {
        let of_table = self.used.iter().copied().map(Use::Table);
        let of_objects = self.objects.iter().map(|(action, folder)| Use::Objects(action, folder));
        usage::note(function, of_table.chain(of_objects));
        let grants: BTreeSet<Grant> = function.grants().into_iter().collect();
        let missing: Vec<_> = self.used.difference(&grants).collect();
        assert!(missing.is_empty(), "{} has no grant for {missing:?}", function.name());
        let granted = |(action, folder): &(&str, &str)| {
            let mut grants = function.objects().iter();
            grants.any(|grant| grant.folder == *folder && grant.actions.contains(action))
        };
        let missing: Vec<_> = self.objects.iter().filter(|used| !granted(used)).collect();
        assert!(missing.is_empty(), "{} has no grant for {missing:?}", function.name());
    }
}

#[dyn_dispatch_hint]
impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(recording) = RECORDING.try_with(Arc::clone) else {
            // The test itself makes this request.
            return Ok(());
        };
        let request = context.request();
        let operation = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.split('.').nth(1))
            .unwrap_or_default()
            .to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
        let mut recording = recording.lock().unwrap();
        recording.used.extend(used_grants(&operation, &body));
        recording.requests.push(operation);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(recording) = RECORDING.try_with(Arc::clone) else {
            return Ok(());
        };
        let body = context.response().body().bytes().unwrap_or_default();
        recording.lock().unwrap().received.push(body.len());
        Ok(())
    }
}

/// Adds each request to the bucket to the recording of the call that makes it, as the S3 actions that a grant must name.
#[derive(Clone, Debug)]
pub struct ObjectRecorder;

#[dyn_dispatch_hint]
impl Intercept for ObjectRecorder {
    fn name(&self) -> &'static str {
        "object recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(recording) = RECORDING.try_with(Arc::clone) else {
            return Ok(());
        };
        let request = context.request();
        let folder = |path: &str| {
            let folders = [logos::UPLOADS, logos::LOGOS];
            folders.into_iter().find(|folder| path.contains(folder)).unwrap()
        };
        let on = folder(request.uri());
        let mut recording = recording.lock().unwrap();
        match (request.method(), request.headers().get("x-amz-copy-source")) {
            ("GET", _) => recording.objects.insert(("GetObject", on)),
            ("PUT", Some(source)) => {
                recording.objects.insert(("GetObject", folder(source)));
                recording.objects.insert(("PutObjectTagging", on));
                recording.objects.insert(("PutObject", on))
            }
            // The function only signs this request; the browser sends it with the function's permissions.
            ("PUT", None) => recording.objects.insert(("PutObject", on)),
            ("DELETE", _) if request.uri().contains("tagging") => recording.objects.insert(("DeleteObjectTagging", on)),
            ("DELETE", _) => recording.objects.insert(("DeleteObject", on)),
            (other, _) => panic!("no function has a grant for {other}"),
        };
        Ok(())
    }
}

/// The grants that a request needs.
fn used_grants(operation: &str, body: &Value) -> Vec<Grant> {
    let item = |action, attributes: &Value| vec![Grant::on(family(&attributes["pk"]["S"]), action)];
    match operation {
        "GetItem" => item(Action::GetItem, &body["Key"]),
        "PutItem" => item(Action::PutItem, &body["Item"]),
        "UpdateItem" => item(Action::UpdateItem, &body["Key"]),
        "DeleteItem" => item(Action::DeleteItem, &body["Key"]),
        "BatchGetItem" => body["RequestItems"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|wanted| wanted["Keys"].as_array().unwrap())
            .flat_map(|key| item(Action::BatchGetItem, key))
            .collect(),
        "Query" => {
            let family = family(&body["ExpressionAttributeValues"][":pk"]["S"]);
            let index = body["IndexName"]
                .as_str()
                .map(|name| Index::ALL.iter().copied().find(|index| index.name() == name).unwrap());
            vec![Grant {
                action: Action::Query,
                family,
                index,
            }]
        }
        "TransactWriteItems" => body["TransactItems"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|write| {
                [
                    ("Put", "Item", Action::PutItem),
                    ("Update", "Key", Action::UpdateItem),
                    ("Delete", "Key", Action::DeleteItem),
                    ("ConditionCheck", "Key", Action::ConditionCheckItem),
                ]
                .into_iter()
                .filter_map(|(kind, key, action)| {
                    let write = write.get(kind)?;
                    Some(Grant::on(family(&write[key]["pk"]["S"]), action))
                })
            })
            .collect(),
        "BatchWriteItem" => body["RequestItems"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|writes| writes.as_array().unwrap())
            .map(|write| Grant::on(family(&write["PutRequest"]["Item"]["pk"]["S"]), Action::BatchWriteItem))
            .collect(),
        other => panic!("no function has a grant for {other}"),
    }
}

fn family(pk: &Value) -> Family {
    let pk = pk.as_str().unwrap();
    let fits = |family: &&Family| pk.starts_with(family.pattern().trim_end_matches('*'));
    *Family::ALL.iter().find(fits).unwrap()
}
