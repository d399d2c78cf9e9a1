//! Puts the parts together, starts them in an order in which each finds what it needs, and stops them in reverse.

mod greeting;
mod port;
mod signals;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::compile;
use crate::data::{DataFolder, Ready};
use crate::dynamodb::DynamoDb;
use crate::eventbridge::EventBus;
use crate::housekeeping;
use crate::identity::{AUDIENCE, Claims, ISSUER, Identity};
use crate::lambda::{self, Lambda};
use crate::mappings;
use crate::plan::{Plan, SecretValue};
use crate::s3::S3;
use crate::scheduler;
use crate::sqs::Sqs;
use crate::store::Store;
use crate::template::{self, Surroundings};
use crate::{aws, http_api};
use port::Port;
use signals::StopSignals;

/// How long running invocations may take to finish after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);

pub const TEMPLATE: &str = "template.yaml";

pub struct Options {
    pub port: u16,
    pub aws_port: u16,
    pub fresh: bool,
    pub build: bool,
    pub profile: String,
    pub dynamodb_endpoint: Option<String>,
}

/// The folder that holds `template.yaml`: this one or one above it.
pub fn project() -> Result<PathBuf> {
    let here = std::env::current_dir().context("could not tell the current folder")?;
    let project = here.ancestors().find(|folder| folder.join(TEMPLATE).is_file());
    Ok(project
        .with_context(|| format!("there is no {TEMPLATE} in {} or above it", here.display()))?
        .to_owned())
}

/// Runs the local cloud until it is told to stop.
pub fn run(data: DataFolder, options: Options) -> Result<()> {
    let project = project()?;
    data.create()?;
    let lock = data.lock()?;
    // Of a local cloud that was killed.
    data.remove_ready()?;
    let identity = Identity::open(&data)?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Some wait for the disk at times; that must not hold up the others even on two cores.
        .worker_threads(std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4)))
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let api_port = Port::reserve(options.port, "--port")?;
    let aws_port = Port::reserve(options.aws_port, "--aws-port")?;
    let mut plan = template::load(
        &project.join(TEMPLATE),
        &Surroundings {
            api_url: &api_port.url(),
            aws_url: &aws_port.url(),
            values: &[
                ("issuer", ISSUER.to_owned()),
                ("audience", AUDIENCE.to_owned()),
                ("jwks", identity.jwks().to_string()),
                ("cdn", template::cdn_url(&aws_port.url())),
            ],
        },
    )?;
    for warning in &plan.warnings {
        eprintln!("! {warning}");
    }
    let binaries = compile::for_this_machine(&project, &plan.functions, &options.profile, options.build)?;
    let left = lambda::leftovers::end_all(&data.processes())?;
    if left > 0 {
        eprintln!("! ended {left} function processes that the local cloud before this one left behind");
    }
    // Only now, when nothing is left that could refuse to start for a typing mistake.
    if options.fresh {
        data.clear(&lock)?;
    }
    let ready = Ready {
        api_url: api_port.url(),
        aws_url: aws_port.url(),
        admin_token: identity.token(&Claims::admin())?,
        pid: std::process::id(),
    };
    runtime.block_on(async {
        let stop = StopSignals::listen()?;
        let parts = Parts::start(
            &data,
            &mut plan,
            &binaries,
            options.dynamodb_endpoint,
            &ready,
            api_port,
            aws_port,
        )
        .await?;
        data.write_ready(&ready)?;
        // Whoever started us may have closed the terminal; that is no reason not to run.
        let _ = std::io::stdout().write_all(greeting::text(&data, &plan, &ready).as_bytes());
        stop.wait().await;
        eprintln!("stopping (Ctrl-C again to stop at once)");
        data.remove_ready()?;
        parts.stop().await;
        Ok(())
    })
}

/// Everything that runs.
struct Parts {
    lambda: Lambda,
    mappings: JoinHandle<()>,
    api: JoinHandle<()>,
    /// Tells the HTTP API to take no more requests.
    closing: watch::Sender<bool>,
    _aws: JoinSet<()>,
    _chores: JoinSet<()>,
}

impl Parts {
    async fn start(
        data: &DataFolder,
        plan: &mut Plan,
        binaries: &HashMap<String, PathBuf>,
        dynamodb_endpoint: Option<String>,
        ready: &Ready,
        api_port: Port,
        aws_port: Port,
    ) -> Result<Self> {
        let store = Store::open(&data.store())?;
        reveal_secrets(plan, &store)?;
        let sqs = Sqs::open(store.clone(), &plan.queues)?;
        let bus = EventBus::open(store.clone(), sqs.clone(), &plan.buses, &plan.rules)?;
        let s3 = S3::open(store.clone(), &plan.buckets, plan.cdn.clone());
        let dynamodb = match &dynamodb_endpoint {
            Some(url) => DynamoDb::connect(url).await?,
            None => DynamoDb::open(&data.dynamodb())?,
        };
        dynamodb.create_missing_tables(&plan.tables).await?;
        let settings = lambda::Settings {
            aws_url: ready.aws_url.clone(),
            dynamodb_url: dynamodb_endpoint,
            logs: data.logs(),
            processes: data.processes(),
        };
        let lambda = Lambda::new(&plan.functions, binaries, &settings)?;

        let aws_app = aws::app(
            dynamodb.clone(),
            sqs.clone(),
            bus,
            s3.clone(),
            lambda::invoke_api::routes(lambda.clone()),
        );
        let mut aws = JoinSet::new();
        aws.spawn(serve(aws_port.listen()?, aws_app, std::future::pending()));
        let closing = watch::Sender::new(false);
        let mut closed = closing.subscribe();
        let closed = async move {
            let _ = closed.wait_for(|closing| *closing).await;
        };
        let api_app = http_api::app(lambda.clone(), &plan.routes, plan.cors.clone());
        let api = tokio::spawn(serve(api_port.listen()?, api_app, closed));

        // Last, because functions that run now need everything above.
        let services = mappings::Services {
            store,
            dynamodb: dynamodb.clone(),
            sqs: sqs.clone(),
            lambda: lambda.clone(),
        };
        let mappings = mappings::start(&services, plan).await?;
        let mut chores = JoinSet::new();
        chores.spawn(lambda.clone().keep_house());
        for schedule in &plan.schedules {
            chores.spawn(scheduler::keep(schedule.clone(), lambda.clone()));
        }
        chores.spawn(housekeeping::delete_expired_items(dynamodb.clone()));
        chores.spawn(housekeeping::delete_expired_objects(s3));
        let mappings = tokio::spawn(housekeeping::tidy(dynamodb, sqs, move || mappings.passed()));
        Ok(Self {
            lambda,
            mappings,
            api,
            closing,
            _aws: aws,
            _chores: chores,
        })
    }

    async fn stop(self) {
        self.closing.send_replace(true);
        // Functions finish while everything they may call still answers.
        self.lambda.stop(GRACE).await;
        self.mappings.abort();
        // Their answers are still to be sent.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.api).await;
    }
}

async fn serve(listener: TcpListener, app: Router, closed: impl Future<Output = ()> + Send + 'static) {
    // Without Nagle's algorithm: answers are small and wanted at once.
    let listener = axum::serve::ListenerExt::tap_io(listener, |connection| {
        let _ = connection.set_nodelay(true);
    });
    // Serving cannot fail: axum retries what goes wrong with single connections.
    let _ = axum::serve(listener, app).with_graceful_shutdown(closed).await;
}

/// Makes up the secrets that are new and puts all of them where functions' environments ask for them.
fn reveal_secrets(plan: &mut Plan, store: &Store) -> Result<()> {
    const SECRETS: &str = "secrets";
    let mut revealed = Vec::new();
    for secret in &plan.secrets {
        let value = match (&secret.value, store.get(SECRETS, &secret.name)?) {
            (SecretValue::Given(value), _) => value.clone(),
            (SecretValue::Generated(_), Some(kept)) => kept,
            (SecretValue::Generated(recipe), None) => {
                let made = template::secrets::generate(recipe)?;
                store.set(SECRETS, &secret.name, &made)?;
                made
            }
        };
        revealed.push((secret.clone(), value));
    }
    for function in &mut plan.functions {
        for (variable, value) in &mut function.environment {
            *value = template::secrets::fill_in(value, &revealed)
                .with_context(|| format!("resource {}: Environment.Variables.{variable}", function.logical_id))?;
        }
    }
    Ok(())
}
