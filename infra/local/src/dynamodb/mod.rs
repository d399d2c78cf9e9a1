//! The tables: DynamoDB and its streams, from the embedded `dynoxide` on disk or from a server named by its URL.
//!
//! Both are spoken to over HTTP. For the embedded one that is a hop inside this process, which buys its whole protocol
//! layer with refusals worded as the real service words them. What runs often spares the hop.

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

/// The access key id that functions get. Some servers keep a database for each, so all of us have to use the same.
pub const ACCESS_KEY_ID: &str = "local";

/// How often a server is asked for new stream records; the embedded one tells.
const POLL: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub struct DynamoDb {
    agent: ureq::Agent,
    url: Arc<str>,
    embedded: Option<Arc<Embedded>>,
    /// Counts the writes that went through here.
    writes: Arc<watch::Sender<u64>>,
}

struct Embedded {
    database: Database,
    path: PathBuf,
    /// A connection of our own to the same file, for what `dynoxide` leaves to its user: pruning the streams.
    maintenance: Mutex<rusqlite::Connection>,
    /// Its server stops when this is dropped.
    _serving: oneshot::Sender<()>,
}

/// An answer to pass on.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Tells of writes: see [`DynamoDb::writes`].
pub struct Writes(Option<watch::Receiver<u64>>);

impl Writes {
    /// Resolves when something was written since this was made or last resolved: read, and wait here when there was
    /// nothing. A write during the read is not missed.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(writes) => {
                if writes.changed().await.is_err() {
                    // The local cloud is going down: nothing will be written.
                    std::future::pending().await
                }
            }
            None => tokio::time::sleep(POLL).await,
        }
    }
}

impl DynamoDb {
    /// Opens the embedded database in the file at `path`, making it where there is none.
    pub fn open(path: &Path) -> anyhow::Result<DynamoDb> {
        let (embedded, url) = Embedded::open(path)?;
        Ok(DynamoDb::new(url, Some(embedded)))
    }

    /// Uses the server at `url`, which has to speak plain HTTP: DynamoDB Local, say.
    pub async fn connect(url: &str) -> anyhow::Result<DynamoDb> {
        let dynamodb = DynamoDb::new(url.to_owned(), None);
        dynamodb
            .ask::<Value>("DynamoDB_20120810.ListTables", &serde_json::json!({}))
            .await
            .with_context(|| format!("cannot use {url} (--dynamodb-endpoint). Is a DynamoDB server running there?"))?;
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

    /// Performs an operation, named as in `X-Amz-Target` (`DynamoDB_20120810.GetItem`), and gives the answer whatever it
    /// says.
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
                // Here, as whoever asked may be gone by now and the write is still there.
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
                name_unknown(&operation, &mut answer);
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
            // Nobody checks the signature, but it has to be there.
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none"),
            )
    }

    /// Performs an operation whose refusal is an error.
    async fn ask<T: DeserializeOwned>(&self, target: &str, request: &Value) -> anyhow::Result<T> {
        let answer = self.call(target, request.to_string().into_bytes()).await?;
        if answer.status != 200 {
            bail!("{target} was refused: {}", String::from_utf8_lossy(&answer.body));
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("{target} was answered with something unexpected"))
    }

    /// Tells of writes from now on. A server that others may write to as well is simply asked again and again.
    pub fn writes(&self) -> Writes {
        Writes(self.embedded.as_ref().map(|_| self.writes.subscribe()))
    }

    /// Deletes items whose time to live is over, as DynamoDB does in its own time.
    pub async fn delete_expired(&self) -> anyhow::Result<()> {
        let Some(embedded) = self.embedded.clone() else {
            return Ok(());
        };
        let deleted = blocking(move || Ok(embedded.database.sweep_ttl()?))
            .await
            .context("deleting expired items failed")?;
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
            .with_context(|| format!("{} is not a path in UTF-8", path.display()))?;
        let opened = Database::new(text).map_err(anyhow::Error::new).and_then(|database| {
            // Despite its name, what sets `synchronous = NORMAL`: commits then survive the death of this process without
            // waiting for the disk each time.
            database.disable_bulk_loading()?;
            let maintenance = rusqlite::Connection::open(path)?;
            maintenance.busy_timeout(Duration::from_secs(5))?;
            // Each write asks for its table's last record. Without this index that reads the whole stream.
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

/// Serves the database on a port of its own, in threads of its own: its requests block.
fn serve(database: Database, stopped: oneshot::Receiver<()>) -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port is free for the embedded DynamoDB")?;
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
        .context("DynamoDB did not answer in full")?;
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

/// `dynoxide` names its region after itself, its shards too short for what some SDKs take for one, and who deletes expired
/// items as Lambda does rather than the API. None of that shows here.
const ARN: [&str; 2] = ["arn:aws:dynamodb:dynoxide:", "arn:aws:dynamodb:us-east-1:"];
const AWS_REGION: [&str; 2] = [r#""awsRegion":"dynoxide""#, r#""awsRegion":"us-east-1""#];
const SHARD: [&str; 2] = [r#""shardId-00000001-"#, r#""shardId-00000000000000000001-"#];
const IDENTITY: [&str; 2] = [
    r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#,
    r#"{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}"#,
];

fn names_of_aws(operation: &str, answer: &mut Answer) {
    // No user's data is among these: an item's values are objects with the type for a key.
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
    // It was of what the text was.
    answer.headers.retain(|(name, _)| *name != "x-amz-crc32");
}

/// `dynoxide` refuses what it does not know without a word.
fn name_unknown(operation: &str, answer: &mut Answer) {
    if let Ok(mut told) = serde_json::from_slice::<Value>(&answer.body)
        && told["__type"] == "com.amazon.coral.service#UnknownOperationException"
    {
        told["message"] = format!("The local cloud does not know the DynamoDB operation {operation}.").into();
        answer.body = told.to_string().into();
        answer.headers.retain(|(name, _)| *name != "x-amz-crc32");
    }
}

/// Takes away the end that `dynoxide` tells of its one shard: the shard is open, and one with an end counts as closed.
fn without_ends(text: &str) -> Option<String> {
    let mut told: Value = serde_json::from_str(text).ok()?;
    for shard in told["StreamDescription"]["Shards"].as_array_mut()? {
        shard["SequenceNumberRange"]
            .as_object_mut()?
            .remove("EndingSequenceNumber");
    }
    Some(told.to_string())
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

/// Runs what blocks where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("the local cloud is stopping")?
}

impl Embedded {
    /// What to tell the terminal of an operation that failed by no fault of its sender.
    fn failure(&self, operation: &str, answer: &Answer) -> anyhow::Error {
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = told["message"].as_str().unwrap_or("no reason was given");
        let advice = match message {
            _ if message.contains("disk is full") => ". Nothing acknowledged is lost; make room and try again",
            _ if message.contains("malformed") => ". The file is damaged: start with --fresh to begin with empty data",
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
