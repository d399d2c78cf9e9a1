//! A function's `main`: read the configuration, build the context, serve the Lambda Runtime API on one thread.

use crate::{
    Context, Endpoint, Task, Trigger,
    access::Permission,
    aws,
    config::{Config, Needs},
    context::Bus,
    endpoint,
    function::{NEEDS_OF_TASK, NEEDS_OF_TRIGGER, needs_of_endpoint},
    logs, task, trigger,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use std::{future::Future, process::ExitCode};

pub fn endpoint<E: Endpoint>() -> ExitCode {
    const { assert!(!E::SPEC.name.is_empty()) };
    start(needs_of_endpoint(&E::SPEC, &E::Permission::RULE), async |ctx| {
        let ctx = &ctx;
        lambda_http::run(service_fn(move |request| async move {
            Ok::<_, Diagnostic>(endpoint::answer::<E>(ctx, request).await)
        }))
        .await
    })
}

pub fn task<T: Task>() -> ExitCode {
    start(NEEDS_OF_TASK, async |ctx| {
        let ctx = &ctx;
        lambda_runtime::run(service_fn(move |batch: LambdaEvent<_>| async move {
            Ok::<_, Diagnostic>(task::work::<T>(ctx, batch.payload).await)
        }))
        .await
    })
}

pub fn trigger<T: Trigger>() -> ExitCode {
    start(NEEDS_OF_TRIGGER, async |ctx| {
        let ctx = &with_bus(ctx)?;
        lambda_runtime::run(service_fn(move |batch: LambdaEvent<_>| async move {
            Ok::<_, Diagnostic>(trigger::work::<T>(ctx, batch.payload).await)
        }))
        .await
    })
}

#[allow(clippy::disallowed_methods, reason = "the one client that only a trigger has")]
fn with_bus(ctx: Context) -> Result<Context, Error> {
    let config = Config::from_env(NEEDS_OF_TRIGGER)?;
    Ok(ctx.with_bus(Bus {
        client: aws_sdk_eventbridge::Client::new(&aws::sdk_config("EVENTBRIDGE")),
        name: config.bus_name,
    }))
}

fn start<F: Future<Output = Result<(), Error>>>(needs: Needs, serve: impl FnOnce(Context) -> F) -> ExitCode {
    logs::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(Error::from).and_then(|runtime| {
        runtime.block_on(async {
            let ctx = Context::from_env(needs)?;
            serve(ctx).await
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function can't run");
            ExitCode::FAILURE
        }
    }
}
