//! What an endpoint declares about itself. The template, its IAM policies, the OpenAPI document, the local cloud's routes and the
//! authorisation tests are all made from these values.

use crate::Answer;
use domain::{
    Code, EntityKind, FieldError, Kind, View,
    api_key::ApiKey,
    fields::{Field, Rule},
};
pub use logos::ObjectGrant;
use serde_json::{Map, Value};
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
    /// A body that makes something.
    Create(&'static [Field]),
    /// A JSON Merge Patch.
    Patch(&'static [Field]),
    /// What an action takes; it may be left out.
    Action(&'static [Field]),
    /// What is asked. Nothing is made and nothing done, so nothing is there to be done twice.
    Question(&'static [Field]),
}

/// A body's name in the OpenAPI document, and its fields.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub name: &'static str,
    pub fields: fn() -> Vec<Field>,
}

impl Schema {
    pub const fn of<V: View>() -> Self {
        Self {
            name: V::NAME,
            fields: V::fields,
        }
    }
}

/// What the type of an answer says about it, as plain data: documents and tests read it.
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
    /// The schema of its body, if it has one.
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
    /// The function's name, its binary's, and the OpenAPI operation's.
    pub name: &'static str,
    pub method: Method,
    pub route: &'static str,
    /// The same for what belongs to a client, where the function serves both: one function is a third of the resources of two.
    pub of_client: Option<&'static str>,
    pub summary: &'static str,
    pub body: Body,
    pub query: &'static [Field],
    /// Set from the endpoint's type of answer.
    pub answer: Shape,
    pub answer_of_client: Option<Shape>,
    /// The repository methods that its handler calls.
    pub operations: &'static [Operation],
    pub objects: &'static [ObjectGrant],
    /// The codes of its handler's own rules: beside its operations' and those that follow from its shape.
    pub codes: &'static [Code],
    /// What a new thing must be like beyond what each of its fields must.
    pub rules: Rules,
}

/// Names what breaks a rule that spans fields, in a body whose fields were each looked at: a broken one is not in it.
pub type Rules = fn(&Map<String, Value>, &mut Vec<FieldError>);

/// The path parameter that names a client.
pub const CLIENT: &str = "clientKey";

/// The path parameter that names an API key: by its id, for its key is what opens doors.
pub const API_KEY: &str = "keyId";

/// Of every list.
pub const PAGE_FIELDS: &[Field] = &[
    Field::new("limit", Rule::Whole { min: 1, max: 100 }, "How many at most.").default("25"),
    Field::new(
        "cursor",
        Rule::Text { min: 1, max: 1000 },
        "Where the page before ended: its `nextCursor`.",
    ),
];

/// Of a deletion that takes more than itself with it.
const DRY_RUN: &[Field] = &[Field::new(
    "dryRun",
    Rule::Flag,
    "Where it is true, nothing is deleted: the answer says what would go.",
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
            body: Body::None,
            query: &[],
            answer: Shape::Nothing,
            answer_of_client: None,
            operations: &[],
            objects: &[],
            codes: &[],
            rules: |_, _| {},
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

    /// Serves the same things of a client too, at this route.
    pub const fn also(mut self, route: &'static str) -> Self {
        self.of_client = Some(route);
        self
    }

    /// Itself, once for each of its routes.
    pub fn by_route(&self) -> Vec<Self> {
        let routes = std::iter::once(self.route).chain(self.of_client);
        let alone = |route| Self {
            route,
            of_client: None,
            ..*self
        };
        let answering = |spec: Self| Self {
            answer: spec
                .answer_of_client
                .filter(|_| spec.is_of_client())
                .unwrap_or(spec.answer),
            answer_of_client: None,
            ..spec
        };
        routes.map(alone).map(answering).collect()
    }

    /// Whether what it does is about one client.
    pub fn is_of_client(&self) -> bool {
        self.path_parameters().any(|name| name == CLIENT)
    }

    pub const fn takes(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The filters of a list; `limit` and `cursor` come by themselves.
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

    pub const fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    pub const fn is_list(&self) -> bool {
        matches!(self.answer, Shape::Page(_))
    }

    /// Whether it gives out cursors and takes them back.
    pub const fn is_paged(&self) -> bool {
        matches!(self.answer, Shape::Page(_) | Shape::InPages(_))
    }

    /// Whether `Idempotency-Key` is honoured.
    pub const fn is_idempotent_post(&self) -> bool {
        matches!(self.method, Method::Post) && !matches!(self.body, Body::Question(_))
    }

    /// Whether a repeat has to be recognised before anything else is looked at: an action's own checks would refuse it.
    /// A create finds out by its transaction.
    pub const fn asks_for_replay_first(&self) -> bool {
        self.is_idempotent_post() && matches!(self.body, Body::Action(_))
    }

    /// Whether `If-Match` is honoured.
    pub const fn takes_if_match(&self) -> bool {
        matches!(self.method, Method::Put | Method::Patch | Method::Delete) || matches!(self.body, Body::Action(_))
    }

    pub fn query_fields(&self) -> Vec<Field> {
        let page: &[Field] = match self.answer {
            Shape::Page(_) | Shape::InPages(_) => PAGE_FIELDS,
            Shape::Deleted(_) => DRY_RUN,
            _ => &[],
        };
        [page, self.query].concat()
    }

    /// The names in braces of the route.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.route
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// The kind of thing a path parameter is the key of; `None` where it is no typed key.
pub fn kind_of_parameter(name: &str) -> Option<EntityKind> {
    if name == API_KEY {
        return Some(ApiKey::KIND);
    }
    let stem = name.strip_suffix("Key")?;
    let mut kinds = entities::ALL.iter().map(|entity| entity.kind);
    kinds.find(|kind| stem.eq_ignore_ascii_case(kind.name))
}
