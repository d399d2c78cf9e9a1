//! The documents that describe the API.

pub mod get_openapi;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "docs",
    summary: "The description of this API.",
    functions: &[Function::endpoint::<get_openapi::GetOpenapi>()],
};
