//! Reads a request and checks it against its endpoint's `Spec`. One answer lists everything that is wrong with it.

use crate::{
    Context,
    access::{Access, Capacity},
    headers, json,
    spec::{Body, Spec, kind_of_parameter},
};
use domain::{
    Error, FieldError, Permission, Result,
    access::Actor,
    defect_of,
    fields::{self, Checked, Mode},
    key::{Key, Kind},
};
use lambda_http::{Request as HttpRequest, RequestExt, request::RequestContext};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write};
use table::{Change, IdempotencyKey, PageRequest};

const MAX_BODY_BYTES: usize = 256 * 1024;

/// A checked request, as a handler gets it.
#[derive(Clone)]
pub struct Request {
    pub id: String,
    path: BTreeMap<String, String>,
    pub body: Map<String, Value>,
    query: Map<String, Value>,
    /// The version that the entity must have.
    pub if_match: Option<u64>,
    /// The other versions that `If-Match` lists.
    other_versions: Vec<u64>,
    idempotency_key: Option<IdempotencyKey>,
    /// Names the list, its path and its filters. A cursor is valid only for the same text.
    list: String,
}

impl Request {
    /// The path's key of this kind. A malformed key is `NOT_FOUND`.
    pub fn key<K: Kind>(&self) -> Result<Key<K>> {
        self.path
            .iter()
            .filter(|(name, _)| kind_of_parameter(name) == Some(K::KIND))
            .find_map(|(_, text)| text.parse().ok())
            .ok_or(Error::NotFound(K::KIND))
    }

    /// A path parameter that is not a typed key.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The checked body as a type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.body)
    }

    /// The checked query parameters as a type.
    pub fn filter<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.query)
    }

    /// Whether the request asks for a preview and no change.
    pub fn is_dry_run(&self) -> bool {
        self.flag("dryRun")
    }

    /// Whether this query parameter is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.query.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A query parameter with a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name).and_then(Value::as_u64)
    }

    /// The page that `limit` and `cursor` ask for.
    pub fn page(&self, ctx: &Context) -> Result<PageRequest> {
        let limit = self.query.get("limit").and_then(Value::as_u64).unwrap_or(25);
        let cursor = self.query.get("cursor").and_then(Value::as_str);
        Ok(PageRequest {
            limit: u8::try_from(limit).unwrap_or(u8::MAX),
            after: cursor.map(|text| ctx.cursors.open(&self.list, text)).transpose()?,
        })
    }

    /// The cursor of the next page, if there is one.
    pub fn next_cursor(&self, ctx: &Context, position: Option<String>) -> Option<String> {
        position.map(|position| ctx.cursors.seal(&self.list, &position))
    }

    /// The cursor of a position inside an answer.
    pub fn seal_cursor(&self, ctx: &Context, position: &str) -> String {
        ctx.cursors.seal(&self.list, position)
    }

    /// The time, actor and request id to record with this request's change.
    pub fn change(&self, ctx: &Context, actor: &Actor) -> Change {
        Change {
            now: ctx.clock.now(),
            actor: actor.clone(),
            request_id: self.id.clone(),
            idempotency_key: self.idempotency_key.clone(),
        }
    }

    pub(crate) const fn lists_versions(&self) -> bool {
        !self.other_versions.is_empty()
    }

    /// Whether `If-Match` also lists this version. If so, the request expects it from now on.
    pub(crate) fn expect_other(&mut self, current: u64) -> bool {
        let listed = self.other_versions.iter().position(|version| *version == current);
        if let Some(index) = listed {
            self.if_match = Some(self.other_versions.swap_remove(index));
        }
        listed.is_some()
    }

    pub(crate) fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.idempotency_key.as_ref()
    }
}

fn typed<T: DeserializeOwned>(map: &Map<String, Value>) -> Result<T> {
    serde_json::from_value(Value::Object(map.clone()))
        .map_err(|e| Error::Internal(format!("a checked request does not match its type: {}", defect_of(&e))))
}

/// API Gateway's request id, which events, tasks, log lines and the audit trail repeat.
pub(crate) fn id_of(request: &HttpRequest) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

pub(crate) fn path_of(request: &HttpRequest) -> BTreeMap<String, String> {
    request
        .path_parameters_ref()
        .into_iter()
        .flat_map(|map| map.iter().map(|(k, v)| (k.to_owned(), v.to_owned())))
        .collect()
}

/// Reads and checks the request of an authorised caller.
pub(crate) fn read(
    spec: &Spec,
    request: &HttpRequest,
    id: String,
    path: BTreeMap<String, String>,
    access: &Access,
) -> Result<Request> {
    let mut errors = Vec::new();
    let body = read_body(spec, request, access, &mut errors)?;
    let query = read_query(spec, request, &mut errors);
    let mut versions = headers::if_match(spec, request.headers(), &mut errors);
    let idempotency_key = headers::idempotency_key(spec, request.headers(), &mut errors);
    if !errors.is_empty() {
        return Err(Error::Validation(errors));
    }
    let tenant = path.get("customerKey").map_or("", String::as_str);
    let text = |fields: &Map<String, Value>| Value::Object(fields.clone()).to_string();
    let key = idempotency_key.map(|key| IdempotencyKey {
        id: hash(&[tenant, &access.actor.id, spec.name, &key]),
        // With the query: the next page of an action is another request.
        fingerprint: hash(&[request.uri().path(), &text(&query), &text(&body)]),
    });
    let mut list = format!("{} {path:?}", spec.name);
    for (name, value) in query.iter().filter(|(name, _)| *name != "limit" && *name != "cursor") {
        let _ = write!(list, " {name}={value}");
    }
    Ok(Request {
        id,
        path,
        body,
        query,
        if_match: versions.pop(),
        other_versions: versions,
        idempotency_key: key,
        list,
    })
}

fn read_body(
    spec: &Spec,
    request: &HttpRequest,
    access: &Access,
    errors: &mut Vec<FieldError>,
) -> Result<Map<String, Value>> {
    let (fields, mode) = match spec.body {
        Body::None => return Ok(Map::new()),
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => (fields, Mode::Create),
        Body::Patch(fields) => (fields, Mode::Patch),
    };
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Error::PayloadTooLarge);
    }
    let value = if bytes.is_empty() && matches!(spec.body, Body::Action(_)) {
        Value::Object(Map::new())
    } else {
        headers::check_body(request.headers(), mode)?;
        json::parse(bytes, errors).map_err(|e| {
            // The position only: the text around an error may be personal data.
            let defect = if e.is_eof() {
                "it ends too early"
            } else {
                "it is not JSON"
            };
            Error::Malformed(format!("{defect} (line {}, column {})", e.line(), e.column()))
        })?
    };
    let Value::Object(body) = value else {
        errors.push(FieldError::new("", "the body must be a JSON object"));
        return Ok(Map::new());
    };
    let Checked {
        value,
        errors: field_errors,
        platform_only,
    } = fields::check_all(fields, spec.together, body, mode);
    if platform_only && access.capacity != Capacity::Platform {
        return Err(Error::Forbidden {
            permission: Permission::PlatformAdminEditAllCustomers,
            reason: "the request sets a field that only platform staff may set",
        });
    }
    errors.extend(field_errors);
    Ok(value)
}

fn read_query(spec: &Spec, request: &HttpRequest, errors: &mut Vec<FieldError>) -> Map<String, Value> {
    let given = request
        .query_string_parameters_ref()
        .into_iter()
        .flat_map(|map| map.iter().map(|(k, v)| (k.to_owned(), v.to_owned())));
    let checked = fields::check_query(&spec.query_fields(), given);
    errors.extend(checked.errors);
    checked.value
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The lengths make ("a", "bc") and ("ab", "c") differ.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
