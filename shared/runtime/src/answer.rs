//! Successful answers as types. The type that a handler returns decides the status, the headers and the documented fields.

use crate::spec::{Schema, Shape};
use domain::{Entity, Error, Result, view::View};
use serde::Serialize;

pub trait Answer: Send {
    const SHAPE: Shape;
    /// The shape at the route for clients, if it differs.
    const SHAPE_OF_CLIENT: Option<Shape> = None;

    fn reply(self) -> Result<Reply>;
}

/// The HTTP parts of an answer.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) content: Content,
    /// Becomes the `ETag`.
    pub(crate) version: Option<u64>,
    /// The entity's key: the last part of the `Location`.
    pub(crate) created: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Content {
    Nothing,
    /// JSON.
    Text(String),
    /// JSON that is compiled into the binary.
    Static(&'static str),
}

impl Reply {
    fn json<V: View>(status: u16, view: &V) -> Result<Self> {
        Ok(Self {
            status,
            content: Content::Text(serialize(view)?),
            version: view.version(),
            created: None,
        })
    }

    const fn empty(status: u16, content: Content) -> Self {
        Self {
            status,
            content,
            version: None,
            created: None,
        }
    }
}

fn serialize<T: Serialize>(view: &T) -> Result<String> {
    serde_json::to_string(view).map_err(|e| Error::Internal(format!("an answer can't be serialized: {e}")))
}

/// 200: an entity.
pub struct Found<V>(pub V);

impl<V: View> Answer for Found<V> {
    const SHAPE: Shape = Shape::Entity(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        Reply::json(200, &self.0)
    }
}

/// 201: a new entity, with its `Location`.
pub struct Created<E>(pub E);

impl<E: Entity + View> Answer for Created<E> {
    const SHAPE: Shape = Shape::Created(Schema::of::<E>());

    fn reply(self) -> Result<Reply> {
        Ok(Reply {
            created: View::key(&self.0),
            ..Reply::json(201, &self.0)?
        })
    }
}

/// 201: something that is returned once, such as an API key's plaintext. It has a `Location` if it shows an entity.
pub struct Issued<V>(pub V);

impl<V: View> Answer for Issued<V> {
    const SHAPE: Shape = Shape::Issued(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        Ok(Reply {
            created: self.0.key(),
            ..Reply::json(201, &self.0)?
        })
    }
}

/// 200: a page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed<V> {
    items: Vec<V>,
    next_cursor: Option<String>,
}

impl<V> Listed<V> {
    pub const fn new(items: Vec<V>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}

impl<V: View> Answer for Listed<V> {
    const SHAPE: Shape = Shape::Page(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        Ok(Reply::empty(200, Content::Text(serialize(&self)?)))
    }
}

/// 200: the result of a check.
pub struct Verdict<V>(pub V);

impl<V: View> Answer for Verdict<V> {
    const SHAPE: Shape = Shape::Verdict(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        Reply::json(200, &self.0)
    }
}

/// 200: one page of something other than a list, with a cursor to the next.
pub struct InPages<V>(pub V);

impl<V: View> Answer for InPages<V> {
    const SHAPE: Shape = Shape::InPages(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        Reply::json(200, &self.0)
    }
}

/// 204: no body.
pub struct Nothing;

impl Answer for Nothing {
    const SHAPE: Shape = Shape::Nothing;

    fn reply(self) -> Result<Reply> {
        Ok(Reply::empty(204, Content::Nothing))
    }
}

/// 204, or 200 with a preview if the request was a dry run.
pub enum Deleted<V> {
    Done,
    Preview(V),
}

impl<V: View> Answer for Deleted<V> {
    const SHAPE: Shape = Shape::Deleted(Schema::of::<V>());

    fn reply(self) -> Result<Reply> {
        match self {
            Self::Done => Nothing.reply(),
            Self::Preview(preview) => Reply::json(200, &preview),
        }
    }
}

/// 200: a JSON document that is compiled into the binary.
pub struct Document(pub &'static str);

impl Answer for Document {
    const SHAPE: Shape = Shape::Document;

    fn reply(self) -> Result<Reply> {
        Ok(Reply::empty(200, Content::Static(self.0)))
    }
}

/// One answer at the route for customers, another at the route for their clients.
pub enum OfCustomerOrClient<A, B> {
    Customer(A),
    Client(B),
}

impl<A: Answer, B: Answer> Answer for OfCustomerOrClient<A, B> {
    const SHAPE: Shape = A::SHAPE;
    const SHAPE_OF_CLIENT: Option<Shape> = Some(B::SHAPE);

    fn reply(self) -> Result<Reply> {
        match self {
            Self::Customer(answer) => answer.reply(),
            Self::Client(answer) => answer.reply(),
        }
    }
}
