//! The declaration of an endpoint. The template, its IAM policies, the OpenAPI document, the local cloud's routes and the authorisation
//! tests are derived from it.

use crate::Answer;
use domain::{
    Code, EntityKind, Kind, Object, Together, View,
    api_key::ApiKey,
    fields::{Field, Rule},
};
pub use logos::ObjectGrant;
pub use table::Action;
use table::{Operation, entities};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Body {
    None,
    /// Creates an entity, or requests something new.
    Create(&'static [Field]),
    /// A JSON Merge Patch.
    Patch(&'static [Field]),
    /// The optional body of an action.
    Action(&'static [Field]),
    /// The body of a query. `Idempotency-Key` and `If-Match` do not apply.
    Question(&'static [Field]),
}

/// A body's name in the OpenAPI document, and its fields.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub name: &'static str,
    pub fields: fn() -> Vec<Field>,
    /// If not empty, the body is one of these objects.
    pub variants: &'static [&'static Object],
    /// Whether the answer has an `ETag`.
    pub is_versioned: bool,
}

impl Schema {
    pub const fn of<V: View>() -> Self {
        Self {
            name: V::NAME,
            fields: V::fields,
            variants: V::VARIANTS,
            is_versioned: V::IS_VERSIONED,
        }
    }
}

/// The shape of an answer, derived from its type. Plain data, because documents and tests read it.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Entity(Schema),
    Created(Schema),
    Issued(Schema),
    Page(Schema),
    Verdict(Schema),
    InPages(Schema),
    Deleted(Schema),
    Nothing,
    Document,
}

impl Shape {
    /// The schema of the body, if there is one.
    pub const fn schema(&self) -> Option<Schema> {
        match *self {
            Self::Entity(schema)
            | Self::Created(schema)
            | Self::Issued(schema)
            | Self::Page(schema)
            | Self::Verdict(schema)
            | Self::InPages(schema)
            | Self::Deleted(schema) => Some(schema),
            Self::Nothing | Self::Document => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name of the function and of the OpenAPI operation.
    pub name: &'static str,
    pub method: Method,
    pub route: &'static str,
    /// The same route below a client, if the function serves both. One function for both saves resources of the stack.
    pub of_client: Option<&'static str>,
    pub summary: &'static str,
    /// The route of the entity whose `Location` a 201 has, if it is not this route and a key.
    pub location: Option<&'static str>,
    /// The prefix of the template's parameters that limit the rate of this route.
    pub throttle: Option<&'static str>,
    pub body: Body,
    pub query: &'static [Field],
    /// Set from `Endpoint::Answer`.
    pub answer: Shape,
    pub answer_of_client: Option<Shape>,
    /// The repository methods that its handler calls.
    pub operations: &'static [Operation],
    /// The handler's permissions on the logo bucket.
    pub objects: &'static [ObjectGrant],
    /// The error codes of the handler's own rules. Those of its operations and of its shape are added to them.
    pub codes: &'static [Code],
    /// The rules that span the body's fields.
    pub together: &'static [Together],
}

/// The path parameter that names a client.
pub const CLIENT: &str = "clientKey";

/// The path parameter with the id of an API key. It is not called a key, because callers might send the plaintext.
pub const API_KEY: &str = "keyId";

/// The query parameters of every paged answer.
const PAGE_FIELDS: &[Field] = &[
    Field::new(
        "limit",
        Rule::Whole { min: 1, max: 100 },
        "Page size. A page can hold fewer even if more pages follow.",
    )
    .default("25"),
    Field::new(
        "cursor",
        Rule::Text { min: 1, max: 1000 },
        "The `nextCursor` of the previous page. The path and filters must be the same.",
    ),
];

/// The query parameters of a deletion that deletes dependants too.
const DRY_RUN: &[Field] = &[Field::new(
    "dryRun",
    Rule::Flag,
    "`true` deletes nothing and answers with a preview of the deletion.",
)
.default("false")];

impl Spec {
    const fn new(method: Method, name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            method,
            route,
            of_client: None,
            summary,
            location: None,
            throttle: None,
            body: Body::None,
            query: &[],
            answer: Shape::Nothing,
            answer_of_client: None,
            operations: &[],
            objects: &[],
            codes: &[],
            together: &[],
        }
    }

    pub const fn get(name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Get, name, route, summary)
    }

    pub const fn post(name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Post, name, route, summary)
    }

    pub const fn put(name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Put, name, route, summary)
    }

    pub const fn patch(name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Patch, name, route, summary)
    }

    pub const fn delete(name: &'static str, route: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Delete, name, route, summary)
    }

    /// Also serves this route, below a client.
    pub const fn also(mut self, route: &'static str) -> Self {
        self.of_client = Some(route);
        self
    }

    /// This declaration once for each of its routes.
    pub fn by_route(&self) -> Vec<Self> {
        let routes = std::iter::once(self.route).chain(self.of_client);
        let at_route = |route| Self {
            route,
            of_client: None,
            ..*self
        };
        let with_answer = |spec: Self| Self {
            answer: spec
                .answer_of_client
                .filter(|_| spec.is_of_client())
                .unwrap_or(spec.answer),
            answer_of_client: None,
            ..spec
        };
        routes.map(at_route).map(with_answer).collect()
    }

    /// Whether its route names a client.
    pub fn is_of_client(&self) -> bool {
        self.path_parameters().any(|name| name == CLIENT)
    }

    /// The new entity has this route, an ancestor of the endpoint's route.
    pub const fn located_at(mut self, route: &'static str) -> Self {
        self.location = Some(route);
        self
    }

    /// The template's parameters `<prefix>RateLimit` and `<prefix>BurstLimit` limit the rate of this route.
    pub const fn throttled_by(mut self, prefix: &'static str) -> Self {
        self.throttle = Some(prefix);
        self
    }

    pub const fn takes(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The filters of a list. `limit` and `cursor` are added to them.
    pub const fn filters(mut self, query: &'static [Field]) -> Self {
        self.query = query;
        self
    }

    pub(crate) const fn answers<A: Answer>(mut self) -> Self {
        self.answer = A::SHAPE;
        self.answer_of_client = A::SHAPE_OF_CLIENT;
        self
    }

    pub const fn performs(mut self, operations: &'static [Operation]) -> Self {
        self.operations = operations;
        self
    }

    pub const fn objects(mut self, objects: &'static [ObjectGrant]) -> Self {
        self.objects = objects;
        self
    }

    pub const fn codes(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }

    pub const fn together(mut self, rules: &'static [Together]) -> Self {
        self.together = rules;
        self
    }

    pub const fn is_list(&self) -> bool {
        matches!(self.answer, Shape::Page(_))
    }

    /// Whether it accepts `limit` and `cursor`.
    pub const fn is_paged(&self) -> bool {
        matches!(self.answer, Shape::Page(_) | Shape::InPages(_))
    }

    /// Whether `Idempotency-Key` is honoured.
    pub const fn is_idempotent_post(&self) -> bool {
        matches!(self.method, Method::Post) && !matches!(self.body, Body::Question(_))
    }

    /// Whether to look for a stored answer before the handler runs: an action's own checks would refuse the repeat. A create finds the
    /// stored answer through its transaction.
    pub(crate) const fn looks_for_replay_first(&self) -> bool {
        self.is_idempotent_post() && matches!(self.body, Body::Action(_))
    }

    /// Whether `If-Match` is honoured. An action in pages changes many entities, so no version fits it.
    pub const fn takes_if_match(&self) -> bool {
        matches!(self.method, Method::Put | Method::Patch | Method::Delete)
            || matches!(self.body, Body::Action(_)) && !self.is_paged()
    }

    pub fn query_fields(&self) -> Vec<Field> {
        let page: &[Field] = match self.answer {
            Shape::Page(_) | Shape::InPages(_) => PAGE_FIELDS,
            Shape::Deleted(_) => DRY_RUN,
            _ => &[],
        };
        [page, self.query].concat()
    }

    /// The names in braces in the route.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        parameters_of(self.route)
    }
}

/// The names in braces in a route.
pub fn parameters_of(route: &str) -> impl Iterator<Item = &str> {
    let parts = route.split('/');
    parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The kind of entity that a path parameter names; `None` if it is not a typed key.
pub fn kind_of_parameter(name: &str) -> Option<EntityKind> {
    if name == API_KEY {
        return Some(ApiKey::KIND);
    }
    let stem = name.strip_suffix("Key")?;
    let mut kinds = entities::ALL.iter().map(|entity| entity.kind);
    kinds.find(|kind| stem.eq_ignore_ascii_case(kind.name))
}
