//! `cargo local token`: prints a token of the local issuer. It works without a running local cloud.

use anyhow::Result;
use clap::Args;

use super::output::print;
use crate::data::DataFolder;
use crate::identity::{Claims, Identity, LOCAL_ADMIN};

#[derive(Args)]
pub struct Arguments {
    /// A role of the token; may be given several times
    #[arg(long = "role", required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// The customer that the token is for
    #[arg(long, value_name = "KEY")]
    customer: Option<String>,
    /// The client that the token is for
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// The subject of the token
    #[arg(long, default_value = LOCAL_ADMIN)]
    subject: String,
    /// The token expires after this many seconds
    #[arg(long, default_value_t = 24 * 3600, value_name = "SECONDS", allow_negative_numbers = true)]
    ttl: i64,
}

pub fn run(data: &DataFolder, arguments: Arguments) -> Result<()> {
    data.create()?;
    let claims = Claims {
        subject: arguments.subject,
        roles: arguments.roles,
        customer: arguments.customer,
        client: arguments.client,
        ttl: arguments.ttl,
    };
    print(&Identity::open(data)?.token(&claims)?)?;
    Ok(())
}
