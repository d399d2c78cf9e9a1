//! One process of a function. It starts with Lambda's environment, runs one invocation at a time, and is ended together
//! with its process group.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::leftovers::Note;
use super::log::Log;
use super::outcome::{Outcome, error_document};
use super::runtime_api::{Invocation, Report, RuntimeApi};
use crate::dynamodb::ACCESS_KEY_ID;
use crate::plan::{Function, REGION};
use crate::s3::SECRET_ACCESS_KEY;
use crate::server::guard;

/// Lambda allows ten seconds for the initialisation. Debug binaries on a busy laptop need more.
const LONGEST_START: Duration = Duration::from_secs(30);

/// Starts the processes of one function.
pub struct Launcher {
    pub function: Function,
    pub binary: PathBuf,
    pub log: Log,
    /// The URL of the AWS services.
    pub aws_url: String,
    /// The URL of DynamoDB, if it is not the embedded one.
    pub dynamodb_url: Option<String>,
    /// The folder of the notes about running processes.
    pub notes: PathBuf,
}

pub struct Process {
    child: Child,
    work: mpsc::Sender<Invocation>,
    server: JoinHandle<()>,
    log: Log,
    timeout: Duration,
    _note: Note,
}

/// The error document for a process that ended before it asked for work. It replaces the function's answer.
pub struct StartFailure(pub Bytes);

impl Launcher {
    /// Starts a process and waits until it asks for work.
    pub async fn start(&self) -> Result<Process, StartFailure> {
        let failed = |kind: &str, message: String| {
            self.log.report(&message);
            StartFailure(error_document(kind, &message))
        };
        let (mut process, api) = self
            .spawn()
            .await
            .map_err(|error| failed("Runtime.InvalidEntrypoint", format!("{error:#}")))?;
        tokio::select! {
            () = api.initialised() => Ok(process),
            status = process.child.wait() => {
                let status = describe(status);
                let reported = api.init_error().map(|body| String::from_utf8_lossy(&body).into_owned());
                // The last lines may still be in the pipe.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let reason = reported.unwrap_or_else(|| self.log.tail(5));
                Err(failed("Runtime.ExitError", format!("the function stopped during its start ({status}): {reason}")))
            }
            () = tokio::time::sleep(LONGEST_START) => {
                let seconds = LONGEST_START.as_secs();
                Err(failed("Sandbox.Timedout", format!("the function did not ask for work within {seconds} s of its start")))
            }
        }
    }

    async fn spawn(&self) -> Result<(Process, Arc<RuntimeApi>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("could not open a port for the Runtime API")?;
        let address = listener.local_addr()?.to_string();
        let mut child = Command::new(&self.binary)
            .env_clear()
            .envs(self.environment(&address))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // In a separate process group: Ctrl-C must reach only the local cloud, which lets functions finish.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", self.binary.display()))?;
        let note = Note::write(&self.notes, child.id(), &self.binary)?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(self.log.clone().copy(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(self.log.clone().copy(stderr));
        }
        let (work, taken) = mpsc::channel(1);
        let api = RuntimeApi::new(self.function.arn.clone(), taken);
        let routes = guard::no_browsers(api.routes());
        let server = tokio::spawn(async move {
            // Serving ends with this task; a listener on loopback does not fail.
            let _ = axum::serve(listener, routes).await;
        });
        let timeout = Duration::from_secs(self.function.timeout.into());
        Ok((
            Process {
                child,
                work,
                server,
                log: self.log.clone(),
                timeout,
                _note: note,
            },
            api,
        ))
    }

    fn environment(&self, runtime_api: &str) -> BTreeMap<String, String> {
        let function = &self.function;
        let mut environment = BTreeMap::new();
        for name in ["PATH", "HOME", "RUST_BACKTRACE"] {
            if let Ok(value) = std::env::var(name) {
                environment.insert(name.to_owned(), value);
            }
        }
        environment.extend(function.environment.clone());
        let task_root = self
            .binary
            .parent()
            .map(|folder| folder.display().to_string())
            .unwrap_or_default();
        let memory = function.memory.to_string();
        let log_group = format!("/aws/lambda/{}", function.name);
        for (name, value) in [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            // Tells S3 which function asks.
            ("AWS_SESSION_TOKEN", &function.name),
            ("AWS_ENDPOINT_URL", &self.aws_url),
            ("LAMBDA_TASK_ROOT", &task_root),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("_HANDLER", &function.handler),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        if let Some(url) = &self.dynamodb_url {
            environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), url.clone());
        }
        environment
    }
}

impl Process {
    /// Whether an idle process still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Runs one invocation. Returns the process too if it can run another.
    pub async fn run(mut self, request_id: String, payload: Bytes, trace: String) -> (Outcome, Option<Self>) {
        let timeout = self.timeout;
        let (reply, report) = oneshot::channel();
        let deadline_ms = chrono::Utc::now().timestamp_millis() + timeout.as_millis() as i64;
        let invocation = Invocation {
            request_id: request_id.clone(),
            payload,
            deadline_ms,
            trace,
            reply,
        };
        // The channel has room, because the process is idle. If the process has died, the wait below reports it.
        let _ = self.work.try_send(invocation);
        let failure = tokio::select! {
            biased;
            Ok(report) = report => return match report {
                Report::Answer(body) => (Outcome::Answered(body), Some(self)),
                Report::Error(body) => (Outcome::Failed(body), Some(self)),
                Report::AnswerTooLarge => {
                    let message = "the answer is larger than the 6 MB that Lambda allows";
                    self.log.report(message);
                    (Outcome::Failed(error_document("Function.ResponseSizeTooLarge", message)), Some(self))
                }
            },
            status = self.child.wait() => {
                let message = format!("RequestId: {request_id} Error: Runtime exited ({})", describe(status));
                self.log.report(&message);
                error_document("Runtime.ExitError", &message)
            }
            () = tokio::time::sleep(timeout) => {
                let message = format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", timeout.as_secs_f32());
                self.log.report(&message);
                error_document("Sandbox.Timedout", &message)
            }
        };
        self.end().await;
        (Outcome::Failed(failure), None)
    }

    /// Ends the process and waits until it is gone.
    pub async fn end(mut self) {
        self.kill_group();
        let _ = self.child.wait().await;
    }

    /// Kills the process and every process that it started.
    fn kill_group(&self) {
        // There is no id after a wait for the child: by then, the number may belong to another process.
        let pid = self
            .child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // The process may have ended by itself just now.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
        self.server.abort();
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "gone".to_owned(),
        },
        Err(error) => format!("unknown: {error}"),
    }
}
