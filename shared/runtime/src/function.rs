//! Functions as values. Each area lists its functions; the template, the documents and the tests read the lists.

use crate::{
    Context, Endpoint, Spec, Standalone, StandaloneSpec, Task, TaskSpec, Trigger, TriggerSpec,
    access::{AccessRule, Permission},
    config::Needs,
    context, endpoint,
    lambda::{self, Connect},
    spec::{Body, ObjectGrant, kind_of_parameter},
    standalone,
    task::{self, Cursor},
    trigger,
};
use aws_lambda_events::{
    dynamodb::Event as StreamEvent,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use domain::Code;
use futures_util::future::BoxFuture;
use lambda_http::{Body as HttpBody, Request as HttpRequest, Response};
use serde_json::Value;
use std::collections::BTreeSet;
use table::{Grant, Operation, Table, audit::Audit, clients::Clients, customers::Customers, write::Transaction};

/// A package of functions: one binary, one log group, one section of the template.
#[derive(Clone, Copy)]
pub struct Area {
    /// The name of the package and of its binary.
    pub name: &'static str,
    pub summary: &'static str,
    pub functions: &'static [Function],
}

#[derive(Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "the values are constants and are never moved")]
pub enum Function {
    Endpoint(EndpointFunction),
    Task(TaskFunction),
    Trigger(TriggerFunction),
    Standalone(StandaloneFunction),
}

#[derive(Clone, Copy)]
pub struct EndpointFunction {
    pub spec: Spec,
    pub access: AccessRule,
    pub call: for<'a> fn(&'a Context, HttpRequest) -> BoxFuture<'a, Response<HttpBody>>,
    pub(crate) serve: fn(&'static EndpointFunction) -> Result<(), lambda_runtime::Error>,
    pub(crate) connect: &'static [Connect],
}

#[derive(Clone, Copy)]
pub struct TaskFunction {
    pub spec: TaskSpec,
    pub call: for<'a> fn(&'a Context, SqsEvent) -> BoxFuture<'a, SqsBatchResponse>,
    pub(crate) serve: fn(&'static TaskFunction) -> Result<(), lambda_runtime::Error>,
    pub(crate) connect: &'static [Connect],
}

#[derive(Clone, Copy)]
pub struct TriggerFunction {
    pub spec: TriggerSpec,
    pub call: for<'a> fn(&'a Context, StreamEvent) -> BoxFuture<'a, DynamoDbEventResponse>,
    pub(crate) serve: fn(&'static TriggerFunction) -> Result<(), lambda_runtime::Error>,
    pub(crate) connect: &'static [Connect],
}

#[derive(Clone, Copy)]
pub struct StandaloneFunction {
    pub spec: StandaloneSpec,
    /// Takes an event and the invocation's id. Returns `None` if it failed.
    pub call: for<'a> fn(&'a Context, Value, String) -> BoxFuture<'a, Option<Value>>,
    pub(crate) serve: fn(&'static StandaloneFunction) -> Result<(), lambda_runtime::Error>,
    pub(crate) connect: &'static [Connect],
}

impl EndpointFunction {
    pub const fn of<E: Endpoint>() -> Self {
        Self {
            spec: E::DECLARED,
            access: E::Permission::RULE,
            call: |ctx, request| Box::pin(endpoint::answer::<E>(ctx, request)),
            serve: lambda::endpoint,
            connect: if E::SPEC.objects.is_empty() {
                &[]
            } else {
                &[context::connect_logos]
            },
        }
    }

    /// This endpoint once for each of its routes, with the access rule of that route.
    pub fn by_route(&self) -> Vec<Self> {
        let at_route = |spec: Spec| Self {
            access: self.access.at_route(spec.is_of_client()),
            spec,
            ..*self
        };
        self.spec.by_route().into_iter().map(at_route).collect()
    }

    /// All error codes that it may answer with: those of its shape, of its operations and of its handler.
    pub fn codes(&self) -> BTreeSet<Code> {
        let Self { spec, access, .. } = self;
        // Every endpoint refuses an unknown query parameter.
        let mut codes = BTreeSet::from([Code::ValidationFailed, Code::Internal]);
        if !access.public {
            codes.extend([Code::NotAuthorized, Code::Forbidden]);
        }
        if self.needs().table {
            codes.insert(Code::Unavailable);
        }
        if access.own.is_some() {
            codes.insert(Code::KeyMismatch);
        }
        if !matches!(spec.body, Body::None) {
            codes.extend([
                Code::MalformedRequest,
                Code::PayloadTooLarge,
                Code::UnsupportedMediaType,
            ]);
        }
        if spec.path_parameters().any(|name| kind_of_parameter(name).is_some()) {
            codes.insert(Code::NotFound);
        }
        if spec.takes_if_match() {
            codes.insert(Code::VersionMismatch);
        }
        if spec.is_idempotent_post() {
            codes.extend([Code::IdempotencyKeyReused, Code::RequestInProgress]);
        }
        // Concurrent requests may win every attempt of a write.
        if spec.operations.iter().any(Operation::contends) {
            codes.insert(Code::Conflict);
        }
        let operations = spec.operations.iter().flat_map(|operation| operation.codes);
        codes.extend(operations.chain(spec.codes));
        codes
    }

    /// The repository methods that the adapter calls for it.
    fn adapter_operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        if self.access.own.is_some() {
            // It writes the refusal of a foreign key to the caller's audit trail.
            operations.push(Audit::RECORD);
        }
        if self.access.parent.is_some() {
            operations.push(Customers::IS_ACCOUNT_OF);
        }
        if self.access.client.is_some() && self.spec.by_route().iter().any(Spec::is_of_client) {
            operations.push(Clients::ACCOUNT);
        }
        if self.spec.is_idempotent_post() {
            operations.push(Transaction::REMEMBER);
        }
        if self.spec.looks_for_replay_first() {
            operations.push(Table::ANSWERED_BEFORE);
        }
        operations
    }

    pub const fn needs(&self) -> Needs {
        Needs {
            table: !self.access.public || !self.spec.operations.is_empty(),
            tokens: !self.access.public,
            cursors: self.spec.is_paged(),
            bus: false,
            queue: false,
            failures: false,
            logos: !self.spec.objects.is_empty(),
        }
    }
}

impl TaskFunction {
    pub const fn needs(&self) -> Needs {
        Needs {
            table: true,
            tokens: false,
            cursors: false,
            bus: false,
            queue: self.spec.pages,
            failures: false,
            logos: !self.spec.objects.is_empty(),
        }
    }

    pub const fn of<T: Task>() -> Self {
        Self {
            spec: TaskSpec {
                pages: T::Cursor::PAGES,
                ..T::SPEC
            },
            call: |ctx, batch| Box::pin(task::work::<T>(ctx, batch)),
            serve: lambda::task,
            connect: match (T::Cursor::PAGES, T::SPEC.objects.is_empty()) {
                (false, true) => &[],
                (true, true) => &[context::connect_queue],
                (false, false) => &[context::connect_logos],
                (true, false) => &[context::connect_queue, context::connect_logos],
            },
        }
    }
}

impl TriggerFunction {
    pub(crate) const NEEDS: Needs = Needs {
        table: true,
        tokens: false,
        cursors: false,
        bus: true,
        queue: false,
        failures: false,
        logos: false,
    };

    pub const fn of<T: Trigger>() -> Self {
        Self {
            spec: T::SPEC,
            call: |ctx, batch| Box::pin(trigger::work::<T>(ctx, batch)),
            serve: lambda::trigger,
            connect: &[context::connect_bus],
        }
    }
}

impl StandaloneFunction {
    pub const fn needs(&self) -> Needs {
        Needs {
            table: !self.spec.operations.is_empty(),
            tokens: false,
            cursors: false,
            bus: self.spec.replays,
            queue: false,
            failures: self.spec.replays,
            logos: false,
        }
    }

    pub const fn of<S: Standalone>() -> Self {
        Self {
            spec: S::SPEC,
            call: |ctx, event, id| Box::pin(standalone::run::<S>(ctx, event, id)),
            serve: lambda::standalone,
            connect: if S::SPEC.replays {
                &[context::connect_bus, context::connect_failures]
            } else {
                &[]
            },
        }
    }
}

impl Function {
    pub const fn endpoint<E: Endpoint>() -> Self {
        Self::Endpoint(EndpointFunction::of::<E>())
    }

    pub const fn task<T: Task>() -> Self {
        Self::Task(TaskFunction::of::<T>())
    }

    pub const fn standalone<S: Standalone>() -> Self {
        Self::Standalone(StandaloneFunction::of::<S>())
    }

    pub const fn trigger<T: Trigger>() -> Self {
        Self::Trigger(TriggerFunction::of::<T>())
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Endpoint(f) => f.spec.name,
            Self::Task(f) => f.spec.name,
            Self::Trigger(f) => f.spec.name,
            Self::Standalone(f) => f.spec.name,
        }
    }

    pub const fn summary(&self) -> &'static str {
        match self {
            Self::Endpoint(f) => f.spec.summary,
            Self::Task(f) => f.spec.summary,
            Self::Trigger(f) => f.spec.summary,
            Self::Standalone(f) => f.spec.summary,
        }
    }

    /// The repository methods that it declares.
    pub const fn operations(&self) -> &'static [Operation] {
        match self {
            Self::Endpoint(f) => f.spec.operations,
            Self::Task(f) => f.spec.operations,
            Self::Trigger(f) => f.spec.operations,
            Self::Standalone(f) => f.spec.operations,
        }
    }

    /// Its permissions on the table: those of its declared operations and of its adapter.
    pub fn grants(&self) -> Vec<Grant> {
        let adapter = match self {
            Self::Endpoint(f) => f.adapter_operations(),
            _ => Vec::new(),
        };
        Operation::grants_of(&[self.operations(), &adapter].concat())
    }

    /// Its permissions on the logo bucket.
    pub const fn objects(&self) -> &'static [ObjectGrant] {
        match self {
            Self::Endpoint(f) => f.spec.objects,
            Self::Task(f) => f.spec.objects,
            Self::Trigger(_) | Self::Standalone(_) => &[],
        }
    }

    /// The configuration that it needs.
    pub fn needs(&self) -> Needs {
        match self {
            Self::Endpoint(f) => f.needs(),
            Self::Task(f) => f.needs(),
            Self::Trigger(_) => TriggerFunction::NEEDS,
            Self::Standalone(f) => f.needs(),
        }
    }
}
