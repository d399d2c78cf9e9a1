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
    #[command(flatten)]
    holder: Holder,
}

/// The claims of a token beside its roles.
#[derive(Args)]
pub struct Holder {
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
    print(&create(data, arguments.roles, arguments.holder)?)?;
    Ok(())
}

/// A token of the local issuer.
pub fn create(data: &DataFolder, roles: Vec<String>, holder: Holder) -> Result<String> {
    data.create()?;
    let claims = Claims {
        subject: holder.subject,
        roles,
        customer: holder.customer,
        client: holder.client,
        ttl: holder.ttl,
    };
    Identity::open(data)?.token(&claims)
}
