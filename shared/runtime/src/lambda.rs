//! A function's `main`: read the configuration, build the context, serve the Lambda Runtime API on one thread.
//!
//! Only the first three functions are generic, and they say no more than which function it is: the rest is compiled once, not once a
//! binary.

use crate::{
    Context, Endpoint, Standalone, Task, Trigger, aws,
    config::{Config, Needs},
    context::{Bus, Queue},
    function::{EndpointFunction, StandaloneFunction, TaskFunction, TriggerFunction},
    logs,
    spec::ObjectGrant,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use logos::Logos;
use serde_json::Value;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

pub fn endpoint<E: Endpoint>() -> ExitCode {
    exit(serve_endpoint(EndpointFunction::of::<E>(), objects(E::SPEC.objects)))
}

pub fn task<T: Task>() -> ExitCode {
    exit(serve_task(TaskFunction::of::<T>(), objects(T::SPEC.objects)))
}

/// How to reach the objects, for who is granted any. As a value, so that S3's client is in no binary that has no use for it.
type Objects = Option<fn(Needs) -> Result<Logos, Error>>;

const fn objects(grants: &[ObjectGrant]) -> Objects {
    if grants.is_empty() { None } else { Some(logos) }
}

fn logos(needs: Needs) -> Result<Logos, Error> {
    let config = Config::from_env(needs)?;
    Ok(Logos {
        client: aws_sdk_s3::Client::from_conf(aws::s3_config()),
        bucket: config.logo_bucket,
        url: config.logo_url,
    })
}

pub fn trigger<T: Trigger>() -> ExitCode {
    exit(serve_trigger(TriggerFunction::of::<T>()))
}

fn serve_endpoint(function: EndpointFunction, objects: Objects) -> Result<(), Error> {
    let (runtime, ctx) = start(function.needs(), objects)?;
    let ctx = &ctx;
    runtime.block_on(lambda_http::run(service_fn(move |request| async move {
        Ok::<_, Diagnostic>((function.call)(ctx, request).await)
    })))
}

#[allow(clippy::disallowed_methods, reason = "a client that only some tasks have")]
fn serve_task(function: TaskFunction, objects: Objects) -> Result<(), Error> {
    let (runtime, mut ctx) = start(function.needs(), objects)?;
    if function.spec.pages {
        ctx = ctx.with_queue(Queue {
            client: aws_sdk_sqs::Client::new(&aws::sdk_config("SQS")),
            url: Config::from_env(function.needs())?.queue_url,
        });
    }
    let ctx = &ctx;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |batch: LambdaEvent<_>| async move { Ok::<_, Diagnostic>((function.call)(ctx, batch.payload).await) },
    )))
}

#[allow(clippy::disallowed_methods, reason = "the one client that only a trigger has")]
fn serve_trigger(function: TriggerFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(TriggerFunction::NEEDS, None)?;
    let ctx = &ctx.with_bus(Bus {
        client: aws_sdk_eventbridge::Client::new(&aws::sdk_config("EVENTBRIDGE")),
        name: Config::from_env(TriggerFunction::NEEDS)?.bus_name,
    });
    runtime.block_on(lambda_runtime::run(service_fn(
        move |batch: LambdaEvent<_>| async move { Ok::<_, Diagnostic>((function.call)(ctx, batch.payload).await) },
    )))
}

pub fn standalone<S: Standalone>() -> ExitCode {
    exit(serve_standalone(StandaloneFunction::of::<S>()))
}

fn serve_standalone(function: StandaloneFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(StandaloneFunction::NEEDS, None)?;
    let ctx = &ctx;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Value>| async move {
            let done = (function.call)(ctx, event.payload, event.context.request_id).await;
            done.ok_or_else(|| Error::from("the function failed; its log says why"))
        },
    )))
}

fn start(needs: Needs, objects: Objects) -> Result<(Runtime, Context), Error> {
    logs::start();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut ctx = Context::from_env(needs)?;
    if let Some(connect) = objects {
        ctx = ctx.with_logos(connect(needs)?);
    }
    Ok((runtime, ctx))
}

fn exit(served: Result<(), Error>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function can't run");
            ExitCode::FAILURE
        }
    }
}
