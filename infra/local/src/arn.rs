//! ARNs of the local account.

use crate::plan::{ACCOUNT, REGION};

/// The bus that every account has.
pub const DEFAULT_BUS: &str = "default";

/// `resource` of `service` as an ARN.
pub fn of(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

pub fn queue(name: &str) -> String {
    of("sqs", name)
}

/// The queue's name at the end of an ARN or a URL.
pub fn queue_name(arn_or_url: &str) -> &str {
    arn_or_url.rsplit([':', '/']).next().unwrap_or(arn_or_url)
}

/// Whether an ARN is a queue's.
pub fn is_queue(arn: &str) -> bool {
    arn.starts_with("arn:aws:sqs:")
}

pub fn bus(name: &str) -> String {
    of("events", &format!("event-bus/{name}"))
}

/// The bus's name at the end of an ARN, or the name itself.
pub fn bus_name(name_or_arn: &str) -> &str {
    name_or_arn.rsplit('/').next().unwrap_or(name_or_arn)
}

pub fn rule(bus: &str, name: &str) -> String {
    match bus {
        DEFAULT_BUS => of("events", &format!("rule/{name}")),
        bus => of("events", &format!("rule/{bus}/{name}")),
    }
}
