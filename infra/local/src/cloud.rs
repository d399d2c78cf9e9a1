//! Connects the parts, starts them in the order of their dependencies, and stops them in reverse.

mod front_page;
mod greeting;
mod port;
mod signals;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
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
use crate::s3::{Permissions, S3};
use crate::scheduler;
use crate::server::{self, guard};
use crate::sqs::Sqs;
use crate::store::Store;
use crate::template::{self, Surroundings};
use crate::{aws, http_api};
use port::Port;
use signals::StopSignals;

/// The time that running invocations have to finish after Ctrl-C.
const GRACE: Duration = Duration::from_secs(3);

pub const TEMPLATE: &str = "template.yaml";

pub struct Options {
    pub port: u16,
    pub aws_port: u16,
    pub fresh: bool,
    pub build: bool,
    pub profile: String,
    /// `None`: the project's.
    pub template: Option<PathBuf>,
    pub dynamodb_endpoint: Option<String>,
    /// The subcommands: their names and what they do.
    pub commands: Vec<(String, String)>,
}

/// The folder with `template.yaml`: the current folder or one above it.
pub fn project() -> Result<PathBuf> {
    let here = std::env::current_dir().context("could not determine the current folder")?;
    let project = here.ancestors().find(|folder| folder.join(TEMPLATE).is_file());
    Ok(project
        .with_context(|| format!("there is no {TEMPLATE} in {} or above it", here.display()))?
        .to_owned())
}

/// Runs the local cloud until a signal stops it.
pub fn run(data: DataFolder, options: Options) -> Result<()> {
    let project = project()?;
    data.create()?;
    let lock = data.lock()?;
    // A local cloud that was killed leaves this file.
    data.remove_ready()?;
    let identity = Identity::open(&data)?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        // At least four, even on two cores: a worker that waits for the disk must not delay the others.
        .worker_threads(std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4)))
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let api_port = Port::reserve(options.port, "--port")?;
    let aws_port = Port::reserve(options.aws_port, "--aws-port")?;
    let mut plan = template::load(
        &options.template.clone().unwrap_or_else(|| project.join(TEMPLATE)),
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
        eprintln!("! ended {left} function processes that an earlier local cloud left running");
    }
    // Not earlier: an error in the template or in the code must not cost the data.
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
        let parts = Parts::start(&data, &mut plan, &binaries, &options, &ready, api_port, aws_port).await?;
        data.write_ready(&ready)?;
        // The terminal may be closed by now. The local cloud runs all the same.
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
    /// True makes the HTTP API stop accepting requests.
    closing: watch::Sender<bool>,
    _aws: JoinSet<()>,
    _background: JoinSet<()>,
}

impl Parts {
    async fn start(
        data: &DataFolder,
        plan: &mut Plan,
        binaries: &HashMap<String, PathBuf>,
        options: &Options,
        ready: &Ready,
        api_port: Port,
        aws_port: Port,
    ) -> Result<Self> {
        let store = Store::open(&data.store())?;
        insert_secrets(plan, &store)?;
        let sqs = Sqs::open(store.clone(), &plan.queues)?;
        let bus = EventBus::open(store.clone(), sqs.clone(), &plan.buses, &plan.rules)?;
        let s3 = S3::open(
            store.clone(),
            &plan.buckets,
            plan.cdn.clone(),
            Permissions::of(&plan.functions, &plan.roles),
        );
        let dynamodb = match &options.dynamodb_endpoint {
            Some(url) => DynamoDb::connect(url).await?,
            None => DynamoDb::open(&data.dynamodb())?,
        };
        dynamodb.create_missing_tables(&plan.tables).await?;
        let settings = lambda::Settings {
            aws_url: ready.aws_url.clone(),
            dynamodb_url: options.dynamodb_endpoint.clone(),
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
            aws_port.names(),
        );
        let aws_app = guard::only_these_hosts(aws_app, aws_port.names());
        let mut aws = JoinSet::new();
        aws.spawn(server::serve(aws_port.listen()?, aws_app, std::future::pending()));
        let closing = watch::Sender::new(false);
        let mut closed = closing.subscribe();
        let closed = async move {
            let _ = closed.wait_for(|closing| *closing).await;
        };
        let api_app = http_api::app(lambda.clone(), &plan.routes, &plan.throttles, plan.cors.clone());
        let page = front_page::content(data, plan, options, ready);
        let api_app = front_page::in_front_of(api_app, page, plan);
        let api_app = guard::only_these_hosts(api_app, api_port.names());
        let api = tokio::spawn(server::serve(api_port.listen()?, api_app, closed));

        // Last, because the functions that mappings invoke need everything above.
        let services = mappings::Services {
            store,
            dynamodb: dynamodb.clone(),
            sqs: sqs.clone(),
            s3: s3.clone(),
            lambda: lambda.clone(),
        };
        let mappings = mappings::start(&services, plan).await?;
        let mut background = JoinSet::new();
        background.spawn(lambda.clone().end_idle_processes());
        for schedule in &plan.schedules {
            background.spawn(scheduler::run(schedule.clone(), lambda.clone()));
        }
        background.spawn(housekeeping::delete_expired_items(dynamodb.clone()));
        background.spawn(housekeeping::delete_expired_objects(s3));
        let mappings = tokio::spawn(housekeeping::delete_expired_messages_and_records(
            dynamodb,
            sqs,
            move || mappings.passed(),
        ));
        Ok(Self {
            lambda,
            mappings,
            api,
            closing,
            _aws: aws,
            _background: background,
        })
    }

    async fn stop(self) {
        self.closing.send_replace(true);
        // Functions finish while all services still answer.
        self.lambda.stop(GRACE).await;
        self.mappings.abort();
        // Gives the API time to send their answers.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.api).await;
    }
}

/// Generates the secrets that are new, and inserts the secrets into the functions' environments.
fn insert_secrets(plan: &mut Plan, store: &Store) -> Result<()> {
    const SECRETS: &str = "secrets";
    let mut values = Vec::new();
    for secret in &plan.secrets {
        let value = match (&secret.value, store.get(SECRETS, &secret.name)?) {
            (SecretValue::Given(value), _) => value.clone(),
            (SecretValue::Generated(_), Some(kept)) => kept,
            (SecretValue::Generated(recipe), None) => {
                let generated = template::secrets::generate(recipe)?;
                store.set(SECRETS, &secret.name, &generated)?;
                generated
            }
        };
        values.push((secret.clone(), value));
    }
    for function in &mut plan.functions {
        for (variable, value) in &mut function.environment {
            *value = template::secrets::fill_in(value, &values)
                .with_context(|| format!("resource {}: Environment.Variables.{variable}", function.logical_id))?;
        }
    }
    Ok(())
}
