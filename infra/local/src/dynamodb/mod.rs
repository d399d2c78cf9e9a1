//! DynamoDB and its streams: the embedded `dynoxide` on disk, or a server at a URL.
//!
//! The local cloud uses HTTP for both. For the embedded database this is a request inside this process, but it gives the
//! whole protocol, with DynamoDB's error messages. The most frequent operations do without the request.

mod answer;
mod direct;
mod records;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use dynoxide::Database;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use crate::plan::REGION;
use crate::store;
use crate::wire;

pub use answer::Answer;

/// The access key id that functions get. Some servers keep a database for each id, so every client must use this one.
pub const ACCESS_KEY_ID: &str = "local";

/// The pause between two polls of a server for new stream records. The embedded database signals them.
const POLL: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub struct DynamoDb {
    agent: ureq::Agent,
    url: Arc<str>,
    embedded: Option<Arc<Embedded>>,
    /// The number of writes through this service.
    writes: Arc<watch::Sender<u64>>,
}

struct Embedded {
    database: Database,
    path: PathBuf,
    /// A second connection to the same file, for pruning the streams: `dynoxide` does not do that.
    maintenance: Mutex<rusqlite::Connection>,
    /// The server stops when this is dropped.
    _serving: oneshot::Sender<()>,
}

/// Signals writes: see [`DynamoDb::writes`].
pub struct Writes(Option<watch::Receiver<u64>>);

impl Writes {
    /// Resolves if there was a write since this was created or last resolved. Read first, and wait here if there was nothing
    /// to read: a write during the read is not missed.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(writes) => {
                if writes.changed().await.is_err() {
                    // The local cloud is stopping: there will be no more writes.
                    std::future::pending().await
                }
            }
            None => tokio::time::sleep(POLL).await,
        }
    }
}

impl DynamoDb {
    /// Opens the embedded database in the file at `path`. Creates the file if it does not exist.
    pub fn open(path: &Path) -> anyhow::Result<DynamoDb> {
        let (embedded, url) = Embedded::open(path)?;
        Ok(DynamoDb::new(url, Some(embedded)))
    }

    /// Uses the server at `url`, which must accept plain HTTP, as DynamoDB Local does.
    pub async fn connect(url: &str) -> anyhow::Result<DynamoDb> {
        let dynamodb = DynamoDb::new(url.to_owned(), None);
        dynamodb
            .ask::<Value>("DynamoDB_20120810.ListTables", &serde_json::json!({}))
            .await
            .with_context(|| {
                format!("could not use {url} (--dynamodb-endpoint); is a DynamoDB server running there?")
            })?;
        Ok(dynamodb)
    }

    fn new(url: String, embedded: Option<Embedded>) -> DynamoDb {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .timeout_global(Some(Duration::from_secs(30)))
            .proxy(None);
        DynamoDb {
            agent: config.build().new_agent(),
            url: url.into(),
            embedded: embedded.map(Arc::new),
            writes: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Performs an operation, named as in `X-Amz-Target` (`DynamoDB_20120810.GetItem`). Returns error answers too.
    pub async fn call(&self, target: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
        let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
        let mut answer = {
            let (embedded, operation) = (self.embedded.clone(), operation.clone());
            let (request, writes) = (self.request(target), self.writes.clone());
            blocking(move || {
                let answer = match embedded {
                    Some(embedded) => match direct::perform(&embedded.database, &operation, &body) {
                        Some(answer) => Ok(answer),
                        None => send(request, &names_of_dynoxide(&operation, body)),
                    },
                    None => send(request, &body),
                };
                // Here, because the caller may have disconnected by now, and the write has still happened.
                if is_write(&operation) {
                    writes.send_modify(|writes| *writes += 1);
                }
                answer
            })
            .await?
        };
        if let Some(embedded) = &self.embedded {
            if answer.status >= 500 {
                wire::log(&embedded.failure(&operation, &answer));
            }
            if answer.status == 400 {
                explain_unknown_operation(&operation, &mut answer);
            }
            names_of_aws(&operation, &mut answer);
        }
        Ok(answer)
    }

    fn request(&self, target: &str) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let credential = format!("{ACCESS_KEY_ID}/20260101/{REGION}/dynamodb/aws4_request");
        self.agent
            .post(&*self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .header("x-amz-date", "20260101T000000Z")
            // A signature is required but not checked.
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none"),
            )
    }

    /// Performs an operation. An error answer is an error.
    async fn ask<T: DeserializeOwned>(&self, target: &str, request: &Value) -> anyhow::Result<T> {
        let answer = self.call(target, request.to_string().into_bytes()).await?;
        if answer.status != 200 {
            bail!("{target} was refused: {}", String::from_utf8_lossy(&answer.body));
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("could not read the answer to {target}"))
    }

    /// Signals writes from now on. A server is polled instead, because other clients may write to it.
    pub fn writes(&self) -> Writes {
        Writes(self.embedded.as_ref().map(|_| self.writes.subscribe()))
    }

    /// Deletes items whose time to live is over. DynamoDB does so with a delay.
    pub async fn delete_expired(&self) -> anyhow::Result<()> {
        let Some(embedded) = self.embedded.clone() else {
            return Ok(());
        };
        let deleted = blocking(move || Ok(embedded.database.sweep_ttl()?))
            .await
            .context("could not delete expired items")?;
        if deleted > 0 {
            self.writes.send_modify(|writes| *writes += 1);
        }
        Ok(())
    }
}

impl Embedded {
    fn open(path: &Path) -> anyhow::Result<(Embedded, String)> {
        let text = path
            .to_str()
            .with_context(|| format!("the path {} is not valid UTF-8", path.display()))?;
        let opened = Database::new(text).map_err(anyhow::Error::new).and_then(|database| {
            // Despite its name, this sets `synchronous = NORMAL`: commits survive the death of this process, but do not wait
            // for the disk each time.
            database.disable_bulk_loading()?;
            let maintenance = rusqlite::Connection::open(path)?;
            maintenance.busy_timeout(Duration::from_secs(5))?;
            // Each write looks up its table's last record. Without this index, that reads the whole stream.
            maintenance.execute_batch(
                "CREATE INDEX IF NOT EXISTS local_stream_order
                 ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
            )?;
            Ok((database, maintenance))
        });
        let (database, maintenance) = opened.with_context(|| store::unusable(path))?;
        let (serving, stopped) = oneshot::channel();
        let url = serve(database.clone(), stopped)?;
        Ok((
            Embedded {
                database,
                path: path.to_owned(),
                maintenance: Mutex::new(maintenance),
                _serving: serving,
            },
            url,
        ))
    }
}

/// Serves the database on a separate port and in separate threads, because its requests block.
fn serve(database: Database, stopped: oneshot::Receiver<()>) -> anyhow::Result<String> {
    let listener =
        std::net::TcpListener::bind("127.0.0.1:0").context("could not open a port for the embedded DynamoDB")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    std::thread::Builder::new().name("dynamodb".to_owned()).spawn(move || {
        runtime.block_on(async {
            let served = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    dynoxide::server::serve_with_shutdown(listener, database, async {
                        let _ = stopped.await;
                    })
                    .await
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = served {
                wire::log(&anyhow!("the embedded DynamoDB stopped: {error}"));
            }
        });
    })?;
    Ok(url)
}

fn send(request: ureq::RequestBuilder<ureq::typestate::WithBody>, body: &[u8]) -> anyhow::Result<Answer> {
    let mut response = request.send(body).context("DynamoDB did not answer")?;
    let headers = ["content-type", "x-amzn-requestid", "x-amz-crc32"]
        .into_iter()
        .filter_map(|name| Some((name, response.headers().get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let body = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_vec()
        .context("DynamoDB did not complete its answer")?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers,
        body,
    })
}

fn is_write(operation: &str) -> bool {
    matches!(
        operation,
        "PutItem"
            | "UpdateItem"
            | "DeleteItem"
            | "BatchWriteItem"
            | "TransactWriteItems"
            | "ExecuteStatement"
            | "ExecuteTransaction"
            | "BatchExecuteStatement"
    )
}

// `dynoxide` differs from AWS in three names: its region is `dynoxide`, its shard ids are too short for some SDKs, and the
// fields that identify the deleter of expired items have Lambda's spelling. Answers show the names of AWS.
const ARN: [&str; 2] = ["arn:aws:dynamodb:dynoxide:", "arn:aws:dynamodb:us-east-1:"];
const AWS_REGION: [&str; 2] = [r#""awsRegion":"dynoxide""#, r#""awsRegion":"us-east-1""#];
const SHARD: [&str; 2] = [r#""shardId-00000001-"#, r#""shardId-00000000000000000001-"#];
const IDENTITY: [&str; 2] = [
    r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#,
    r#"{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}"#,
];

fn names_of_aws(operation: &str, answer: &mut Answer) {
    // This cannot change a user's data: an item's values are objects with the type as their key.
    let names: &[_] = match operation {
        "GetRecords" => &[AWS_REGION, IDENTITY],
        _ if operation.ends_with("Table") || operation.contains("Stream") => &[ARN, SHARD],
        _ => return,
    };
    let mut text = String::from_utf8_lossy(&answer.body).into_owned();
    for [theirs, aws] in names {
        text = text.replace(theirs, aws);
    }
    answer.body = match operation {
        "DescribeStream" => without_ends(&text).unwrap_or(text),
        _ => text,
    }
    .into_bytes();
    // The checksum was that of the text before.
    answer.headers.retain(|(name, _)| *name != "x-amz-crc32");
}

/// `dynoxide` refuses an unknown operation without a message. Adds one.
fn explain_unknown_operation(operation: &str, answer: &mut Answer) {
    if let Ok(mut error) = serde_json::from_slice::<Value>(&answer.body)
        && error["__type"] == "com.amazon.coral.service#UnknownOperationException"
    {
        error["message"] = format!("The local cloud does not support the DynamoDB operation {operation}.").into();
        answer.body = error.to_string().into();
        answer.headers.retain(|(name, _)| *name != "x-amz-crc32");
    }
}

/// Removes the ending sequence number that `dynoxide` gives its one shard: the shard is open, and a shard with an ending
/// number counts as closed.
fn without_ends(text: &str) -> Option<String> {
    let mut description: Value = serde_json::from_str(text).ok()?;
    for shard in description["StreamDescription"]["Shards"].as_array_mut()? {
        shard["SequenceNumberRange"]
            .as_object_mut()?
            .remove("EndingSequenceNumber");
    }
    Some(description.to_string())
}

fn names_of_dynoxide(operation: &str, body: Vec<u8>) -> Vec<u8> {
    match operation {
        "GetShardIterator" | "DescribeStream" => {
            let [theirs, aws] = SHARD;
            String::from_utf8_lossy(&body).replace(aws, theirs).into_bytes()
        }
        _ => body,
    }
}

/// Runs work that blocks on a thread for such work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("the local cloud is stopping")?
}

impl Embedded {
    /// The error for the terminal if an operation failed inside the database.
    fn failure(&self, operation: &str, answer: &Answer) -> anyhow::Error {
        let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = error["message"].as_str().unwrap_or("no reason was given");
        let advice = match message {
            _ if message.contains("disk is full") => ". No acknowledged write is lost; free some space and try again",
            _ if message.contains("malformed") => ". The file is damaged: use --fresh to start with empty data",
            _ => "",
        };
        anyhow!("{operation} failed in {}: {message}{advice}", self.path.display())
    }

    fn maintenance(&self) -> std::sync::MutexGuard<'_, rusqlite::Connection> {
        self.maintenance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
