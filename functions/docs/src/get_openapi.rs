//! GET /v1/openapi.json: this API, as OpenAPI 3.1. The document is written from the endpoints' declarations and built in.

use domain::Result;
use runtime::{Caller, Context, Document, Endpoint, Request, Spec, access::Public};

pub struct GetOpenapi;

/// Written by `cargo run --bin template`; a test keeps it current.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

impl Endpoint for GetOpenapi {
    const SPEC: Spec = Spec::get("get-openapi", "/v1/openapi.json", "Read this document.");
    type Permission = Public;
    type Answer = Document;

    async fn handle(_: &Context, _: Caller<Public>, _: Request) -> Result<Self::Answer> {
        Ok(Document(DOCUMENT))
    }
}
