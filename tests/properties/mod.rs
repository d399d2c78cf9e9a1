//! Properties: random histories and inputs, compared with a simple model.

mod hierarchies;
mod patching;
mod text;
