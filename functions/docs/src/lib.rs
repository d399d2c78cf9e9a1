//! What describes the service.

pub mod get_openapi;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "docs",
    summary: "The service's description of itself.",
    functions: &[Function::endpoint::<get_openapi::GetOpenapi>()],
};
