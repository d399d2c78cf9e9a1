//! The contract: the permissions of roles, the permissions of routes, and the outcome that follows for each caller.

use super::scene::{Caller, Target};
use crate::support::Answer;
use runtime::access::AccessRule;

/// The permissions of each role.
pub const ROLES: &[(&str, &[&str])] = &[
    (
        "PlatformAdmin",
        &[
            "EditCustomer",
            "ViewCustomer",
            "EditClient",
            "ViewClient",
            "ManagePartitions",
            "PlatformAdminEditAllCustomers",
            "PlatformAdminViewAllCustomers",
            "PlatformAdminSearchAllCustomers",
            "SearchTenants",
            "EditRegistrationSettings",
            "ManageUsers",
        ],
    ),
    (
        "CustomerAdmin",
        &[
            "EditCustomer",
            "ViewCustomer",
            "EditClient",
            "ViewClient",
            "ManagePartitions",
            "EditRegistrationSettings",
            "ManageUsers",
        ],
    ),
    ("TenantAdmin", &["EditClient", "ViewClient", "SearchTenants"]),
    ("ClientEditor", &["EditClient", "ViewClient"]),
    ("ClientViewer", &["ViewClient"]),
    ("Member", &["ViewCustomer"]),
];

/// A route, and the permissions that open it in the caller's own tenant, in the parent tenant of the account, and to platform staff.
type Row = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

const EDIT_ALL: &str = "PlatformAdminEditAllCustomers";
const VIEW_ALL: &str = "PlatformAdminViewAllCustomers";
/// The permissions of each route.
#[rustfmt::skip]
pub const ROUTES: &[Row] = &[
    ("POST /v1/customers",                                         None,                 None,               Some(EDIT_ALL)),
    ("GET /v1/customers",                                          None,                 None,               Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}",                            Some("ViewCustomer"), Some("EditClient"), Some(VIEW_ALL)),
    ("GET /v1/customers/external/{externalId}",                    None,                 None,               Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}",                          Some("EditCustomer"), None,               Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}",                         None,                 None,               Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/deactivate",                Some("EditCustomer"), Some("EditClient"), Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/reactivate",                Some("EditCustomer"), Some("EditClient"), Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/deactivations",              Some("ViewCustomer"), Some("EditClient"), Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/audit",                      Some("EditCustomer"), None,               Some(VIEW_ALL)),
    ("GET /v1/tenants/{bootstrapTenantKey}",                       None,                 None,               Some(VIEW_ALL)),
    ("POST /v1/customers/{customerKey}/locations",                 Some("EditCustomer"), None,               Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/locations",                  Some("ViewCustomer"), None,               Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/locations/{locationKey}",    Some("ViewCustomer"), None,               Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/locations/{locationKey}",  Some("EditCustomer"), None,               Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/locations/{locationKey}", Some("EditCustomer"), None,               Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients", Some("EditClient"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/clients", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/clients/{clientKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/disable", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/enable", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/account", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}/account", Some("EditClient"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/hierarchy", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("POST /v1/customers/{customerKey}/logo", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/logo", Some("ViewCustomer"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/logo", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/api-keys", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("PUT /v1/customers/{customerKey}/logo", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/logo", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/logo", Some("EditClient"), None, Some(EDIT_ALL)),
    ("PUT /v1/customers/{customerKey}/clients/{clientKey}/logo", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}/logo", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partition-groups", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/partition-groups", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/partition-groups/{partitionGroupKey}", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partitions", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/partitions", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/partitions/{partitionKey}", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/partitions/{partitionKey}", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/partitions/{partitionKey}", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}", Some("ManagePartitions"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/rotate", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/{keyId}/expire", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire", Some("ManagePartitions"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/departments", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/departments", Some("ViewCustomer"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/departments/{departmentKey}", Some("ViewCustomer"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/departments/{departmentKey}", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/departments/{departmentKey}", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/departments", Some("EditClient"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/departments", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}/departments/{departmentKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/locations", Some("EditClient"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/locations", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}/locations/{locationKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/contacts", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/contacts", Some("ViewCustomer"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/contacts/{contactKey}", Some("ViewCustomer"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/contacts/{contactKey}", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/contacts/{contactKey}", Some("EditCustomer"), None, Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/clients/{clientKey}/contacts", Some("EditClient"), None, Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/contacts", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}", Some("ViewClient"), None, Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}", Some("EditClient"), None, Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}/clients/{clientKey}/contacts/{contactKey}", Some("EditClient"), None, Some(EDIT_ALL)),
];
/// The routes without authorisation.
pub const PUBLIC: &[&str] = &["GET /v1/openapi.json", "POST /v1/api-keys/verify"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Unauthorized,
    Forbidden,
    Mismatch,
    In,
}

impl Outcome {
    pub fn of(answer: &Answer) -> Self {
        match (answer.status, answer.body["code"].as_str()) {
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden,
            (_, Some("KEY_MISMATCH")) => Self::Mismatch,
            _ => Self::In,
        }
    }
}

/// The outcome that the contract requires.
pub fn expected(rule: &AccessRule, in_a_tenant: bool, of_client: bool, caller: &Caller, target: Target) -> Outcome {
    if rule.public {
        return Outcome::In;
    }
    let (role, is_client, has_tenant) = match caller {
        Caller::NoToken | Caller::Garbage => return Outcome::Unauthorized,
        Caller::User { role, is_client } => (*role, *is_client, true),
        Caller::ClientUser { role } => (*role, true, true),
        Caller::Platform { role } => (Some(*role), false, false),
    };
    let held = ROLES
        .iter()
        .find(|(name, _)| Some(*name) == role)
        .map_or(&[][..], |(_, permissions)| permissions);
    let holds = |permission: Option<domain::Permission>| permission.is_some_and(|p| held.contains(&p.name()));
    // A caller in no tenant has no customer of their own.
    let target = if has_tenant { target } else { Target::Foreign };
    let own = match caller {
        Caller::ClientUser { .. } => Target::Account,
        _ => Target::Own,
    };
    let as_parent = target != own && holds(rule.parent);
    // A client's user reaches that client only, so cannot act as platform staff.
    let as_platform = !is_client && holds(rule.platform);
    if !(as_platform || in_a_tenant && (holds(rule.own) || as_parent)) {
        return Outcome::Forbidden;
    }
    if is_client {
        // Their own client, at the route of the customer that it is a client of.
        let theirs =
            matches!(caller, Caller::ClientUser { .. }) && of_client && target == Target::Own && holds(rule.own);
        return if theirs { Outcome::In } else { Outcome::Mismatch };
    }
    let is_let_in = as_platform
        || has_tenant && (target == Target::Own && holds(rule.own) || target == Target::Account && as_parent);
    if is_let_in { Outcome::In } else { Outcome::Mismatch }
}
