//! What describes the service.

pub mod get_openapi;

use runtime::Function;

pub const FUNCTIONS: &[Function] = &[Function::endpoint::<get_openapi::GetOpenapi>()];
