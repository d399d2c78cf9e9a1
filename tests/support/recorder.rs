//! Sees every request to the table: how many there were, and on which keys.

use super::usage::{self, Use};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef, dyn_dispatch_hint},
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

/// Notes each request in what its own caller watches, so that calls side by side are told apart.
#[derive(Clone, Debug)]
pub struct Recorder;

tokio::task_local! {
    static WATCHED: Arc<Mutex<Seen>>;
}

/// Does it, and says what it asked of the table.
pub async fn watch<T>(work: impl Future<Output = T>) -> (T, Seen) {
    let seen = Arc::default();
    let done = WATCHED.scope(Arc::clone(&seen), work).await;
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (done, seen)
}

/// What was asked of the table.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The operations, in order.
    pub requests: Vec<String>,
    uses: BTreeSet<Grant>,
    /// What was asked of which folder of the bucket.
    objects: BTreeSet<(&'static str, &'static str)>,
}

impl Seen {
    /// Everything that was done is granted.
    #[track_caller]
    pub fn check(&self, function: &Function) {
        let of_table = self.uses.iter().copied().map(Use::Table);
        let of_objects = self.objects.iter().map(|(action, folder)| Use::Objects(action, folder));
        usage::note(function, of_table.chain(of_objects));
        let grants: BTreeSet<Grant> = function.grants().into_iter().collect();
        let beyond: Vec<_> = self.uses.difference(&grants).collect();
        assert!(
            beyond.is_empty(),
            "{} does what it is not granted: {beyond:?}",
            function.name()
        );
        let granted = |(action, folder): &(&str, &str)| {
            let mut grants = function.objects().iter();
            grants.any(|grant| grant.folder == *folder && grant.actions.contains(action))
        };
        let beyond: Vec<_> = self.objects.iter().filter(|used| !granted(used)).collect();
        assert!(
            beyond.is_empty(),
            "{} does what it is not granted: {beyond:?}",
            function.name()
        );
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
        let Ok(watched) = WATCHED.try_with(Arc::clone) else {
            // A test's own doing.
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
        let mut seen = watched.lock().unwrap();
        seen.uses.extend(uses(&operation, &body));
        seen.requests.push(operation);
        Ok(())
    }
}

/// Notes what is asked of the bucket, in the words of grants.
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
        let Ok(watched) = WATCHED.try_with(Arc::clone) else {
            return Ok(());
        };
        let request = context.request();
        let folder = |path: &str| {
            let folders = [logos::UPLOADS, logos::LOGOS];
            folders.into_iter().find(|folder| path.contains(folder)).unwrap()
        };
        let on = folder(request.uri());
        let mut seen = watched.lock().unwrap();
        match (request.method(), request.headers().get("x-amz-copy-source")) {
            ("GET", _) => seen.objects.insert(("GetObject", on)),
            ("PUT", Some(source)) => {
                seen.objects.insert(("GetObject", folder(source)));
                seen.objects.insert(("PutObjectTagging", on));
                seen.objects.insert(("PutObject", on))
            }
            // It is only signed here; whoever sends it may do what the function may.
            ("PUT", None) => seen.objects.insert(("PutObject", on)),
            ("DELETE", _) if request.uri().contains("tagging") => seen.objects.insert(("DeleteObjectTagging", on)),
            ("DELETE", _) => seen.objects.insert(("DeleteObject", on)),
            (other, _) => panic!("{other} is nothing that any function is granted"),
        };
        Ok(())
    }
}

/// What a request uses, in the words of grants.
fn uses(operation: &str, body: &Value) -> Vec<Grant> {
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
        other => panic!("{other} is no operation that any function is granted"),
    }
}

fn family(pk: &Value) -> Family {
    let pk = pk.as_str().unwrap();
    let fits = |family: &&Family| pk.starts_with(family.pattern().trim_end_matches('*'));
    *Family::ALL.iter().find(fits).unwrap()
}
