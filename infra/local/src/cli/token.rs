//! `cargo local token`: prints a token of the local issuer. No cloud needs to run for that.

use anyhow::Result;
use clap::Args;

use super::print;
use crate::data::DataFolder;
use crate::identity::{Claims, Identity, LOCAL_ADMIN};

#[derive(Args)]
pub struct Arguments {
    /// A role; may be given several times
    #[arg(long = "role", required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// The customer that the token is for
    #[arg(long, value_name = "KEY")]
    customer: Option<String>,
    /// The client that the token is for
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Who the token says its bearer is
    #[arg(long, default_value = LOCAL_ADMIN)]
    subject: String,
    /// For how long it is good, in seconds
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
