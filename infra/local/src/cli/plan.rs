//! The plan of the template, for commands that need no running local cloud.

use anyhow::Result;

use crate::cloud;
use crate::plan::Plan;
use crate::template::{self, Surroundings};

/// The plan, without URLs and tokens.
pub fn load() -> Result<Plan> {
    let surroundings = Surroundings {
        api_url: "",
        aws_url: "",
        values: &[],
    };
    template::load(&cloud::project()?.join(cloud::TEMPLATE), &surroundings)
}
