//! GET /v1/openapi.json: returns the OpenAPI 3.1 document, which is generated from the endpoints' declarations and compiled in.

use domain::Result;
use runtime::{Caller, Context, Document, Endpoint, Request, Spec, access::Public};

pub struct GetOpenapi;

/// `cargo run --bin template` writes it; a test fails if it is out of date.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

impl Endpoint for GetOpenapi {
    const SPEC: Spec = Spec::get("get-openapi", "/v1/openapi.json", "Read this OpenAPI document.");
    type Permission = Public;
    type Answer = Document;

    async fn handle(_: &Context, _: Caller<Public>, _: Request) -> Result<Self::Answer> {
        Ok(Document(DOCUMENT))
    }
}
