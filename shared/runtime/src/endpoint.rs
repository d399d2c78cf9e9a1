//! An endpoint: one Lambda function that serves one route, or the same route for customers and for clients. Its `Spec` declares it, its
//! `Permission` decides who may call it, and its handler does the work.

use crate::{
    Answer, Context,
    access::{self, Access, AccessRule, Caller, Permission, Scope},
    answer::{Content, Reply},
    headers,
    problem::Problem,
    request::{self, Request},
    spec::{CLIENT, Spec},
    token::Claims,
};
use domain::{
    CustomerKey, Error, EventKey, Result, Timestamp,
    access::Actor,
    audit::{AuditEntry, REFUSED},
};
use futures_util::FutureExt;
use lambda_http::{
    Body, Request as HttpRequest, Response,
    http::{HeaderValue, Method, StatusCode, header},
};
use serde_json::{Map, Value, json};
use std::{future::Future, panic::AssertUnwindSafe};
use table::IdempotencyKey;

pub trait Endpoint: 'static {
    const SPEC: Spec;
    /// The permission that a caller needs. The handler's `Caller` proves that it was checked.
    type Permission: Permission;
    type Answer: Answer;
    /// `SPEC` completed with the answer's shape. Readers use this one.
    const DECLARED: Spec = Self::SPEC.answers::<Self::Answer>();

    fn handle(
        ctx: &Context,
        caller: Caller<Self::Permission>,
        request: Request,
    ) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// Answers one request of an endpoint. Every error and panic becomes an answer too.
pub async fn answer<E: Endpoint>(ctx: &Context, http: HttpRequest) -> Response<Body> {
    let id = request::id_of(&http);
    // A panic fails one request; the process goes on.
    let outcome = AssertUnwindSafe(run::<E>(ctx, &http, &id)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Error::Internal("the handler panicked".into())));
    let mut response = finish(&E::DECLARED, &id, http.uri().path(), outcome);
    if http.method() == Method::HEAD {
        // The answer to HEAD is that to GET without the body.
        *response.body_mut() = Body::Empty;
    }
    response
}

/// The answer to a request to which no route applies, as a function returns it to API Gateway: a problem, or the methods of the path, for
/// OPTIONS.
pub fn answer_without_endpoint(id: &str, method: &str, outcome: Result<Vec<String>>) -> Value {
    let built = match outcome {
        Ok(methods) => Response::builder()
            .status(StatusCode::NO_CONTENT)
            .header(header::ALLOW, methods.join(", "))
            .body(Body::Empty),
        Err(error) => refuse(id, &error),
    };
    let response = complete(id, built);
    let headers: Map<String, Value> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let body = match response.body() {
        Body::Text(text) if method != Method::HEAD => text,
        _ => "",
    };
    json!({"statusCode": response.status().as_u16(), "headers": headers, "body": body})
}

async fn run<E: Endpoint>(ctx: &Context, http: &HttpRequest, id: &str) -> Result<Reply> {
    let path = request::path_of(http);
    let tenant = path.get("customerKey").cloned();
    let client = path.get(CLIENT).cloned();
    let rule = &E::Permission::RULE.at_route(client.is_some());
    let keys = (tenant.as_deref(), client.as_deref());
    let access = authorize(ctx, &E::DECLARED, rule, http, id, keys).await?;
    let request = request::read(&E::DECLARED, http, id.to_owned(), path, &access)?;
    // Before the search for a replay: a malformed key in the path is an error of its own.
    <E::Permission as Permission>::Scope::of_path(keys.0, keys.1)?;
    let key = request
        .idempotency_key()
        .filter(|_| E::DECLARED.looks_for_replay_first())
        .cloned();
    replay(ctx, key.as_ref()).await?;
    let answer = handle::<E>(ctx, &access, keys, request).await;
    if let Err(Error::CustomerDisabled | Error::Conflict { .. } | Error::Contended | Error::VersionMismatch { .. }) =
        &answer
    {
        // A concurrent delivery of the same request may have succeeded, and its effect may have caused this error.
        replay(ctx, key.as_ref()).await?;
    }
    answer?.reply()
}

/// Handles the request. If `If-Match` lists several versions, the handler expects one, and then the current one if it is listed too. A
/// handler that found another version has changed nothing.
async fn handle<E: Endpoint>(
    ctx: &Context,
    access: &Access,
    keys: (Option<&str>, Option<&str>),
    mut request: Request,
) -> Result<E::Answer> {
    let caller = || {
        let scope = <E::Permission as Permission>::Scope::of_path(keys.0, keys.1)?;
        Ok::<_, Error>(Caller::new(scope, access))
    };
    while request.lists_versions() {
        match E::handle(ctx, caller()?, request.clone()).await {
            Err(Error::VersionMismatch { current }) if request.expect_other(current) => {}
            outcome => return outcome,
        }
    }
    E::handle(ctx, caller()?, request).await
}

/// Fails with the stored answer of this idempotency key, if there is one.
async fn replay(ctx: &Context, key: Option<&IdempotencyKey>) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    match ctx.table.answered_before(key, ctx.clock.now()).await? {
        Some(replay) => Err(Error::Replayed(replay)),
        None => Ok(()),
    }
}

/// Verifies the token and checks the access rule.
async fn authorize(
    ctx: &Context,
    spec: &Spec,
    rule: &AccessRule,
    http: &HttpRequest,
    id: &str,
    (tenant, client): (Option<&str>, Option<&str>),
) -> Result<Access> {
    if rule.public {
        return Ok(Access {
            actor: Actor::user("anybody"),
            capacity: access::Capacity::Anonymous,
        });
    }
    let now = ctx.clock.now();
    // Two headers are no credentials: joined, they are no token.
    let authorization = headers::joined(http.headers(), &header::AUTHORIZATION);
    // A header that is not text is no valid token either.
    let authorization = authorization.as_deref().map(String::from_utf8_lossy);
    let claims = ctx.tokens()?.verify(authorization.as_deref(), now).await?;
    let access = access::authorize(ctx, rule, &claims, tenant, client).await;
    if let Err(refusal) = &access {
        record_refusal(ctx, spec, &claims, id, refusal, now).await?;
    }
    access
}

/// Writes the refusal of a foreign key to the audit trail of the caller's own tenant.
async fn record_refusal(
    ctx: &Context,
    spec: &Spec,
    claims: &Claims,
    id: &str,
    refusal: &Error,
    now: Timestamp,
) -> Result<()> {
    let Error::KeyMismatch {
        field,
        claimed,
        requested,
    } = refusal
    else {
        return Ok(());
    };
    let Some(own) = claims
        .customer_key
        .as_deref()
        .and_then(|key| key.parse::<CustomerKey>().ok())
    else {
        return Ok(());
    };
    let entry = AuditEntry {
        key: EventKey::derived(now, id),
        action: REFUSED.into(),
        time: now,
        actor: Actor::user(&claims.sub),
        request_id: id.to_owned(),
        entity: None,
        version: None,
        changed: Vec::new(),
        details: Some(json!({
            "operation": spec.name,
            "field": field,
            "claimed": claimed,
            // Shortened, because the caller may send any text.
            "requested": requested.as_ref().map(|text| text.chars().take(100).collect::<String>()),
        })),
    };
    ctx.audit().record(&[(own, entry)]).await
}

fn finish(spec: &Spec, id: &str, path: &str, outcome: Result<Reply>) -> Response<Body> {
    let response = match outcome {
        Ok(reply) => write(spec, path, reply),
        Err(Error::Replayed(replay)) => replayed(spec, path, replay),
        Err(error) => refuse(id, &error),
    };
    complete(id, response)
}

/// Adds the headers of every answer.
fn complete(id: &str, response: Built) -> Response<Body> {
    let mut response = response.unwrap_or_else(|error| {
        tracing::error!(%error, "the answer can't be built");
        let mut empty = Response::new(Body::Empty);
        *empty.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        empty
    });
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    tracing::info!(request_id = id, status = response.status().as_u16(), "answered");
    response
}

type Built = Result<Response<Body>, lambda_http::http::Error>;

fn write(spec: &Spec, path: &str, reply: Reply) -> Built {
    let mut response = Response::builder().status(reply.status);
    if let Some(version) = reply.version {
        response = response.header(header::ETAG, format!("\"{version}\""));
    }
    if let Some(key) = reply.created {
        response = response.header(header::LOCATION, location(spec, path, &key));
    }
    let text = match reply.content {
        Content::Nothing => return response.body(Body::Empty),
        Content::Text(text) => text,
        // Sent as it is: parsing and serializing a large document would cost more than the rest of the request.
        Content::Static(text) => text.to_owned(),
    };
    response
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::Text(text))
}

/// The path of an entity: that of the request up to the point where the entity's route differs, and the key.
fn location(spec: &Spec, path: &str, key: &str) -> String {
    let parts = |route: &str| route.split('/').count();
    let dropped = spec.location.map_or(0, |route| parts(spec.route) + 1 - parts(route));
    let collection = path.rsplitn(dropped + 1, '/').last().unwrap_or_default();
    format!("{collection}/{key}")
}

fn replayed(spec: &Spec, path: &str, replay: domain::Replay) -> Built {
    let key = replay.body.as_ref().and_then(|body| body["key"].as_str());
    let reply = Reply {
        status: replay.status,
        version: replay.version,
        created: key.filter(|_| replay.status == 201).map(str::to_owned),
        content: replay
            .body
            .map_or(Content::Nothing, |body| Content::Text(body.to_string())),
    };
    let mut response = write(spec, path, reply)?;
    response
        .headers_mut()
        .insert("idempotent-replay", HeaderValue::from_static("true"));
    Ok(response)
}

fn refuse(id: &str, error: &Error) -> Built {
    let problem = Problem::of(error);
    if problem.status >= 500 {
        tracing::error!(request_id = id, cause = %error, "the request failed");
    }
    let mut response = Response::builder()
        .status(problem.status)
        .header(header::CONTENT_TYPE, "application/problem+json");
    // RFC 6750: an error code only where a token was sent.
    let challenge = match error {
        Error::NoCredentials(_) => Some(r#"Bearer realm="customer-service""#),
        Error::NotAuthorized(_) => Some(r#"Bearer realm="customer-service", error="invalid_token""#),
        _ => None,
    };
    if let Some(challenge) = challenge {
        response = response.header(header::WWW_AUTHENTICATE, challenge);
    }
    if let Error::MethodNotAllowed(allowed) = error {
        response = response.header(header::ALLOW, allowed.join(", "));
    }
    if problem.retry_after {
        response = response.header(header::RETRY_AFTER, "1");
    }
    response.body(Body::Text(problem.body(id).to_string()))
}
