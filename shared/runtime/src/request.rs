//! A request, read and checked as its endpoint declares. Everything that is wrong with it is said at once.

use crate::{
    Context,
    access::Pass,
    spec::{Body, Spec, kind_of_parameter},
};
use domain::{
    Error, FieldError, Permission, Result,
    access::Actor,
    fields::{self, Checked, Mode},
    key::{Key, Kind},
};
use lambda_http::{
    Request as HttpRequest, RequestExt,
    http::{HeaderMap, header::CONTENT_TYPE},
    request::RequestContext,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write};
use table::{Change, IdempotencyKey, PageRequest};

const LARGEST_BODY: usize = 256 * 1024;
const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// What a handler gets.
pub struct Request {
    pub id: String,
    path: BTreeMap<String, String>,
    pub body: Map<String, Value>,
    query: Map<String, Value>,
    pub if_match: Option<u64>,
    idempotency_key: Option<IdempotencyKey>,
    list: String,
}

impl Request {
    /// The key in the path. A malformed one is the key of nothing.
    pub fn key<K: Kind>(&self) -> Result<Key<K>> {
        self.path
            .iter()
            .filter(|(name, _)| kind_of_parameter(name) == Some(K::KIND))
            .find_map(|(_, text)| text.parse().ok())
            .ok_or(Error::NotFound(K::KIND))
    }

    /// A path parameter that is no typed key.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The checked body, or the checked filters, as their own type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.body)
    }

    pub fn filter<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.query)
    }

    /// Whether only what would happen is asked for.
    pub fn is_dry_run(&self) -> bool {
        self.query.get("dryRun").and_then(Value::as_bool).unwrap_or_default()
    }

    /// A query parameter that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name).and_then(Value::as_u64)
    }

    pub fn page(&self, ctx: &Context) -> Result<PageRequest> {
        let limit = self.query.get("limit").and_then(Value::as_u64).unwrap_or(25);
        let cursor = self.query.get("cursor").and_then(Value::as_str);
        Ok(PageRequest {
            limit: u8::try_from(limit).unwrap_or(u8::MAX),
            after: cursor.map(|text| ctx.cursors.open(&self.list, text)).transpose()?,
        })
    }

    pub fn next_cursor(&self, ctx: &Context, position: Option<String>) -> Option<String> {
        position.map(|position| ctx.cursors.seal(&self.list, &position))
    }

    /// A position that is part of an answer, as `next_cursor` gives one.
    pub fn seal_cursor(&self, ctx: &Context, position: &str) -> String {
        ctx.cursors.seal(&self.list, position)
    }

    /// The change that this request is about to make.
    pub fn change(&self, ctx: &Context, actor: &Actor) -> Change {
        Change {
            now: ctx.clock.now(),
            actor: actor.clone(),
            request_id: self.id.clone(),
            idempotency_key: self.idempotency_key.clone(),
        }
    }

    pub(crate) fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.idempotency_key.as_ref()
    }
}

fn typed<T: DeserializeOwned>(map: &Map<String, Value>) -> Result<T> {
    serde_json::from_value(Value::Object(map.clone()))
        .map_err(|e| Error::Internal(format!("a checked request does not fit its type: {e}")))
}

/// The id that follows a request through events, tasks and the audit trail: API Gateway's own.
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

/// Reads and checks what the endpoint declares, for a caller who was let in.
pub(crate) fn read(
    spec: &Spec,
    request: &HttpRequest,
    id: String,
    path: BTreeMap<String, String>,
    pass: Option<&Pass>,
) -> Result<Request> {
    let mut errors = Vec::new();
    let body = read_body(spec, request, pass, &mut errors)?;
    let query = read_query(spec, request, &mut errors);
    let if_match = read_if_match(spec, request.headers(), &mut errors);
    let idempotency_key = read_idempotency_key(spec, request.headers(), &mut errors);
    if !errors.is_empty() {
        return Err(Error::Validation(errors));
    }
    let tenant = path.get("customerKey").map_or("", String::as_str);
    let caller = pass.map_or("", |pass| pass.actor.id.as_str());
    let key = idempotency_key.map(|key| IdempotencyKey {
        id: hash(&[tenant, caller, spec.name, &key]),
        fingerprint: hash(&[request.uri().path(), &Value::Object(body.clone()).to_string()]),
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
        if_match,
        idempotency_key: key,
        list,
    })
}

fn read_body(
    spec: &Spec,
    request: &HttpRequest,
    pass: Option<&Pass>,
    errors: &mut Vec<FieldError>,
) -> Result<Map<String, Value>> {
    let (fields, mode) = match spec.body {
        Body::None => return Ok(Map::new()),
        Body::Create(fields) | Body::Action(fields) | Body::Question(fields) => (fields, Mode::Create),
        Body::Patch(fields) => (fields, Mode::Patch),
    };
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > LARGEST_BODY {
        return Err(Error::PayloadTooLarge);
    }
    let value = if bytes.is_empty() && matches!(spec.body, Body::Action(_)) {
        Value::Object(Map::new())
    } else {
        check_content_type(request.headers(), mode)?;
        serde_json::from_slice(bytes).map_err(|e| {
            // Where, not what: the text around an error may be somebody's data.
            let what = if e.is_eof() {
                "it ends too early"
            } else {
                "it is not JSON"
            };
            Error::Malformed(format!("{what} (line {}, column {})", e.line(), e.column()))
        })?
    };
    let Value::Object(body) = value else {
        errors.push(FieldError::new("", "the body must be a JSON object"));
        return Ok(Map::new());
    };
    let Checked {
        value,
        errors: mut broken,
        platform_only,
    } = fields::check(fields, body, mode);
    if platform_only && !pass.is_some_and(|p| p.capacity == crate::access::Capacity::Platform) {
        return Err(Error::Forbidden {
            permission: Permission::PlatformAdminEditAllCustomers,
            reason: "the request sets a field that only platform staff may set",
        });
    }
    let mut beyond = Vec::new();
    (spec.rules)(&value, &mut beyond);
    // A field that is broken by itself, or in what it holds, is not there to be looked at together with others: it is named once.
    let is_within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    beyond.retain(|error| !broken.iter().any(|named| is_within(&named.field, &error.field)));
    broken.extend(beyond);
    errors.extend(broken);
    Ok(value)
}

fn check_content_type(headers: &HeaderMap, mode: Mode) -> Result<()> {
    let Some(given) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let given = given.to_str().unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (media_type.as_str(), mode) {
        ("application/json", _) | ("application/merge-patch+json", Mode::Patch) => Ok(()),
        (_, Mode::Patch) => Err(Error::UnsupportedMediaType(
            "application/merge-patch+json or application/json",
        )),
        _ => Err(Error::UnsupportedMediaType("application/json")),
    }
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

fn read_if_match(spec: &Spec, headers: &HeaderMap, errors: &mut Vec<FieldError>) -> Option<u64> {
    let given = headers.get("if-match").filter(|_| spec.takes_if_match())?;
    let text = given.to_str().unwrap_or_default().trim();
    if text == "*" {
        return None;
    }
    let version = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok());
    if version.is_none() {
        errors.push(FieldError::new(
            "If-Match",
            "must be one ETag as it was given, such as \"3\"",
        ));
    }
    version
}

fn read_idempotency_key(spec: &Spec, headers: &HeaderMap, errors: &mut Vec<FieldError>) -> Option<String> {
    let given = headers.get("idempotency-key").filter(|_| spec.is_idempotent_post())?;
    let text = given.to_str().unwrap_or_default();
    let fits = (1..=LONGEST_IDEMPOTENCY_KEY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        errors.push(FieldError::new(
            "Idempotency-Key",
            format!("must be 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters"),
        ));
    }
    fits.then(|| text.to_owned())
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths keep ("a", "bc") and ("ab", "c") apart.
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
