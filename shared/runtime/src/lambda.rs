//! The `main` of an area's binary: finds the function that Lambda names, reads the configuration, builds the context and serves the Lambda
//! Runtime API on one thread.
//!
//! A binary holds all functions of its area. It reaches adapters and clients only through pointers in the functions' values, so the linker
//! leaves out those that no function of the area uses.

use crate::{
    Context,
    config::{self, Config, Needs},
    function::{Area, EndpointFunction, Function, StandaloneFunction, TaskFunction, TriggerFunction},
    logs,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// Serves the function of this area that Lambda's `Handler` names.
pub fn serve(area: &'static Area) -> ExitCode {
    let handler = config::handler();
    logs::start(handler.as_deref().unwrap_or(area.name));
    let served = area.function(handler.as_deref()).and_then(Function::serve);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function can't start");
            ExitCode::FAILURE
        }
    }
}

impl Area {
    fn function(&self, handler: Option<&str>) -> Result<&Function, Error> {
        let handler =
            handler.ok_or("the environment variable _HANDLER is not set; Lambda sets it to the function's Handler")?;
        let found = self.functions.iter().find(|function| function.name() == handler);
        found.ok_or_else(|| {
            let names: Vec<_> = self.functions.iter().map(Function::name).collect();
            format!(
                "the area {} has no function named {handler:?}; set Handler to one of {}",
                self.name,
                names.join(", ")
            )
            .into()
        })
    }
}

impl Function {
    fn serve(&'static self) -> Result<(), Error> {
        match self {
            Self::Endpoint(f) => (f.serve)(f),
            Self::Task(f) => (f.serve)(f),
            Self::Trigger(f) => (f.serve)(f),
            Self::Standalone(f) => (f.serve)(f),
        }
    }
}

/// Adds a client to the context.
pub(crate) type Connect = fn(Context, &Config) -> Context;

pub(crate) fn endpoint(function: &'static EndpointFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(function.needs(), function.connect)?;
    let ctx = &ctx;
    runtime.block_on(lambda_http::run(service_fn(move |request| async move {
        Ok::<_, Diagnostic>((function.call)(ctx, request).await)
    })))
}

pub(crate) fn task(function: &'static TaskFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(function.needs(), function.connect)?;
    let ctx = &ctx;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |batch: LambdaEvent<_>| async move { Ok::<_, Diagnostic>((function.call)(ctx, batch.payload).await) },
    )))
}

pub(crate) fn trigger(function: &'static TriggerFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(TriggerFunction::NEEDS, function.connect)?;
    let ctx = &ctx;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |batch: LambdaEvent<_>| async move { Ok::<_, Diagnostic>((function.call)(ctx, batch.payload).await) },
    )))
}

pub(crate) fn standalone(function: &'static StandaloneFunction) -> Result<(), Error> {
    let (runtime, ctx) = start(function.needs(), function.connect)?;
    let ctx = &ctx;
    runtime.block_on(lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Value>| async move {
            let answer = (function.call)(ctx, event.payload, event.context.request_id).await;
            answer.ok_or_else(|| Error::from("the function failed; its log has the cause"))
        },
    )))
}

fn start(needs: Needs, connect: &[Connect]) -> Result<(Runtime, Context), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let config = Config::from_env(needs)?;
    let ctx = Context::from_config(needs, &config)?;
    Ok((runtime, connect.iter().fold(ctx, |ctx, connect| connect(ctx, &config))))
}
