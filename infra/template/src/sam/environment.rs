//! The environment variables of a function: only those that it reads.

use runtime::{Function, spec::Action};
use table::keys::{Family, Index};

pub fn environment(function: &Function) -> String {
    let needs = function.needs();
    let mut variables = Vec::new();
    if needs.table {
        variables.push("TABLE_NAME: !Ref Table");
    }
    if needs_shards(function) {
        variables.push("CUSTOMER_LIST_SHARDS: !Ref CustomerListShards");
    }
    if needs.tokens {
        variables.extend([
            "JWT_ISSUER: !Ref JwtIssuer",
            "JWT_AUDIENCE: !Ref JwtAudience",
            "JWKS: !Ref Jwks",
            "JWKS_URL: !Ref JwksUrl",
        ]);
    }
    if needs.cursors {
        variables.push("CURSOR_SECRET: !Sub '{{resolve:secretsmanager:${CursorSecret}}}'");
    }
    if needs.bus {
        variables.push("EVENT_BUS_NAME: !Ref EventBus");
    }
    if needs.logos {
        variables.extend([
            "LOGO_BUCKET: !Ref LogoBucket",
            "LOGO_URL: !If [HasLogoDomain, !Sub 'https://${LogoDomain}', !Sub 'https://${LogoCdn.DomainName}']",
        ]);
    }
    if needs.failures {
        variables.push("FAILURE_BUCKET: !Ref StreamFailuresBucket");
    }
    if needs.queue {
        variables.push("QUEUE_URL: !Ref {Id}Queue");
    }
    if variables.is_empty() {
        return String::new();
    }
    format!(
        "      Environment:\n        Variables:\n          {}\n",
        variables.join("\n          ")
    )
}

/// Functions that write customers and functions that list them must agree on how the list is divided. A customer's parts share the
/// customer's family of keys, so some functions get the variable without needing it.
fn needs_shards(function: &Function) -> bool {
    function.grants().iter().any(|grant| {
        grant.index == Some(Index::Customers) || (grant.family == Family::Customer && grant.action == Action::PutItem)
    })
}
