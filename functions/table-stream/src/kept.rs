//! The changes that the stream's trigger gave up. Lambda keeps them in a bucket, an object for each batch.

use aws_lambda_events::dynamodb::Event as StreamEvent;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use domain::{Error, Result};
use runtime::context::Failures;
use serde::Deserialize;

/// Lambda's prefix for the objects: `aws/lambda/<mapping>/<shard>/<year>/<month>/<day>/<time>-<UUID>`.
const PREFIX: &str = "aws/lambda/";
/// A key ends in a random UUID, which says nothing about the order.
const UUID_LENGTH: usize = 36;

/// Lambda's record of a batch that it gave up.
#[derive(Deserialize)]
pub struct Batch {
    #[serde(rename = "DDBStreamBatchInfo")]
    info: Info,
    /// The event of the failed invocation, as JSON.
    payload: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    start_sequence_number: String,
}

impl Batch {
    pub fn event(&self) -> serde_json::Result<StreamEvent> {
        serde_json::from_str(&self.payload)
    }
}

/// The keys of the oldest objects, at most `limit`, in the order of the stream, and whether there are more.
pub async fn oldest(failures: &Failures, limit: usize) -> Result<(Vec<String>, bool)> {
    let mut keys: Vec<String> = Vec::new();
    let mut token = None;
    loop {
        let page = failures
            .client
            .list_objects_v2()
            .bucket(&failures.bucket)
            .prefix(PREFIX)
            .set_continuation_token(token)
            .send()
            .await
            .map_err(unavailable)?;
        keys.extend(
            page.contents
                .unwrap_or_default()
                .into_iter()
                .filter_map(|object| object.key),
        );
        token = page.next_continuation_token;
        // The objects of one moment are in no order, so all of them are needed.
        let is_cut = |last: &String| keys.last().is_some_and(|newest| time_of(newest) == time_of(last));
        if token.is_none() || keys.get(limit - 1).is_some_and(|last| !is_cut(last)) {
            break;
        }
    }
    let mut ordered = Vec::new();
    for moment in keys.chunk_by(|one, other| time_of(one) == time_of(other)) {
        if ordered.len() >= limit {
            break;
        }
        ordered.extend(in_order(failures, moment).await?);
    }
    let more = token.is_some() || limit < keys.len();
    ordered.truncate(limit);
    Ok((ordered, more))
}

/// The keys of one moment, in the order of the stream.
async fn in_order(failures: &Failures, keys: &[String]) -> Result<Vec<String>> {
    if let [one] = keys {
        return Ok(vec![one.clone()]);
    }
    let mut numbered = Vec::new();
    for key in keys {
        // An object without a number is replayed first, which reports what is wrong with it.
        let number = match read(failures, key).await? {
            None => continue,
            Some(content) => parse(&content).map(|batch| batch.info.start_sequence_number),
        };
        numbered.push((number.unwrap_or_default(), key.clone()));
    }
    // Sequence numbers are decimal: a shorter one is smaller.
    numbered.sort_by(|(one, _), (other, _)| (one.len(), one).cmp(&(other.len(), other)));
    Ok(numbered.into_iter().map(|(_, key)| key).collect())
}

/// A key without its random end: the shard and the second.
fn time_of(key: &str) -> &str {
    key.get(..key.len().saturating_sub(UUID_LENGTH)).unwrap_or(key)
}

pub fn parse(content: &[u8]) -> serde_json::Result<Batch> {
    serde_json::from_slice(content)
}

/// `None` if there is no such object: it was replayed meanwhile.
pub async fn read(failures: &Failures, key: &str) -> Result<Option<Vec<u8>>> {
    let got = failures
        .client
        .get_object()
        .bucket(&failures.bucket)
        .key(key)
        .send()
        .await;
    match got {
        Ok(object) => {
            let body = object.body.collect().await;
            let body = body.map_err(|error| Error::Unavailable(error.to_string()))?;
            Ok(Some(body.into_bytes().into()))
        }
        Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

pub async fn delete(failures: &Failures, key: &str) -> Result<()> {
    let deleted = failures
        .client
        .delete_object()
        .bucket(&failures.bucket)
        .key(key)
        .send()
        .await;
    deleted.map(drop).map_err(unavailable)
}

fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> Error {
    Error::Unavailable(DisplayErrorContext(error).to_string())
}
