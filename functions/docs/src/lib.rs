//! The documents that describe the API.

pub mod answer_unknown_route;
pub mod get_openapi;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "docs",
    summary: "The description of this API, and the answer to requests outside it.",
    functions: &[
        Function::endpoint::<get_openapi::GetOpenapi>(),
        Function::standalone::<answer_unknown_route::AnswerUnknownRoute>(),
    ],
};
