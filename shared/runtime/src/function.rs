//! Functions as values. Each area lists its own; whatever must know them all (template, documents, tests) reads the lists.

use crate::{
    Context, Endpoint, Grant, Spec, Task, TaskSpec, Trigger, TriggerSpec,
    access::{AccessRule, Permission},
    config::Needs,
    endpoint,
    spec::{Action, Answer},
    task, trigger,
};
use aws_lambda_events::{
    dynamodb::Event as StreamEvent,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use lambda_http::{Body, Request as HttpRequest, Response};
use std::{future::Future, pin::Pin};
use table::keys::Family;

type Called<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Clone, Copy)]
pub enum Function {
    Endpoint(EndpointFunction),
    Task(TaskFunction),
    Trigger(TriggerFunction),
}

#[derive(Clone, Copy)]
pub struct EndpointFunction {
    pub spec: Spec,
    pub access: AccessRule,
    pub call: for<'a> fn(&'a Context, HttpRequest) -> Called<'a, Response<Body>>,
}

#[derive(Clone, Copy)]
pub struct TaskFunction {
    pub spec: TaskSpec,
    pub call: for<'a> fn(&'a Context, SqsEvent) -> Called<'a, SqsBatchResponse>,
}

#[derive(Clone, Copy)]
pub struct TriggerFunction {
    pub spec: TriggerSpec,
    pub call: for<'a> fn(&'a Context, StreamEvent) -> Called<'a, DynamoDbEventResponse>,
}

impl Function {
    pub const fn endpoint<E: Endpoint>() -> Self {
        Self::Endpoint(EndpointFunction {
            spec: E::SPEC,
            access: E::Permission::RULE,
            call: |ctx, request| Box::pin(endpoint::answer::<E>(ctx, request)),
        })
    }

    pub const fn task<T: Task>() -> Self {
        Self::Task(TaskFunction {
            spec: T::SPEC,
            call: |ctx, batch| Box::pin(task::work::<T>(ctx, batch)),
        })
    }

    pub const fn trigger<T: Trigger>() -> Self {
        Self::Trigger(TriggerFunction {
            spec: T::SPEC,
            call: |ctx, batch| Box::pin(trigger::work::<T>(ctx, batch)),
        })
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Endpoint(f) => f.spec.name,
            Self::Task(f) => f.spec.name,
            Self::Trigger(f) => f.spec.name,
        }
    }

    pub const fn says(&self) -> &'static str {
        match self {
            Self::Endpoint(f) => f.spec.says,
            Self::Task(f) => f.spec.says,
            Self::Trigger(f) => f.spec.says,
        }
    }

    /// Everything it may do to the table: what it declares, and what its adapter does for it.
    pub fn grants(&self) -> Vec<Grant> {
        let mut grants = match self {
            Self::Endpoint(f) => {
                let mut grants = f.spec.grants.to_vec();
                if f.access.own.is_some() {
                    // A refused foreign key is told to the caller's own audit trail.
                    grants.push(Grant::on(Family::Audit, Action::BatchWriteItem));
                }
                if f.access.parent.is_some() {
                    grants.push(Grant::on(Family::Customer, Action::GetItem));
                }
                if f.spec.is_idempotent_post() {
                    grants.push(Grant::on(Family::Once, Action::PutItem));
                }
                if f.spec.asks_for_replay_first() {
                    grants.push(Grant::on(Family::Once, Action::GetItem));
                }
                grants
            }
            Self::Task(f) => f.spec.grants.to_vec(),
            Self::Trigger(f) => f.spec.grants.to_vec(),
        };
        grants.sort();
        grants.dedup();
        grants
    }

    /// What it is configured with.
    pub fn needs(&self) -> Needs {
        match self {
            Self::Endpoint(f) => needs_of_endpoint(&f.spec, &f.access),
            Self::Task(_) => NEEDS_OF_TASK,
            Self::Trigger(_) => NEEDS_OF_TRIGGER,
        }
    }
}

pub(crate) const fn needs_of_endpoint(spec: &Spec, access: &AccessRule) -> Needs {
    Needs {
        table: !access.public || !spec.grants.is_empty(),
        tokens: !access.public,
        cursors: matches!(spec.answer, Answer::Page { .. }),
        bus: false,
    }
}

pub(crate) const NEEDS_OF_TASK: Needs = Needs {
    table: true,
    tokens: false,
    cursors: false,
    bus: false,
};

pub(crate) const NEEDS_OF_TRIGGER: Needs = Needs {
    table: true,
    tokens: false,
    cursors: false,
    bus: true,
};
