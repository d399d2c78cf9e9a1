//! Who may call what: every endpoint that there is, by every kind of caller.
//!
//! The endpoints and what they ask for come from their declarations, so a new one is in here on the day it is made. What follows from
//! that for each caller is worked out from the contract alone.

use crate::support::{Answer, Call, Token, World, at, endpoints, key_of};
use runtime::{access::AccessRule, function::EndpointFunction, spec::kind_of_parameter};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// As the contract has it.
const ROLES: &[(&str, &[&str])] = &[
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

/// A route, and what it takes to call it in one's own tenant, as the account's parent, and as platform staff.
type Row = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

/// As the contract has it.
const EDIT_ALL: &str = "PlatformAdminEditAllCustomers";
const VIEW_ALL: &str = "PlatformAdminViewAllCustomers";
#[rustfmt::skip]
const ROUTES: &[Row] = &[
    ("POST /v1/customers",                                         None,                 None,               Some(EDIT_ALL)),
    ("GET /v1/customers",                                          None,                 None,               Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}",                            Some("ViewCustomer"), Some("EditClient"), Some(VIEW_ALL)),
    ("GET /v1/customers/external/{externalId}",                    None,                 None,               Some(VIEW_ALL)),
    ("PATCH /v1/customers/{customerKey}",                          Some("EditCustomer"), None,               Some(EDIT_ALL)),
    ("DELETE /v1/customers/{customerKey}",                         None,                 None,               Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/deactivate",                Some("EditCustomer"), Some("EditClient"), Some(EDIT_ALL)),
    ("POST /v1/customers/{customerKey}/reactivate",                Some("EditCustomer"), Some("EditClient"), Some(EDIT_ALL)),
    ("GET /v1/customers/{customerKey}/deactivations",              Some("ViewCustomer"), None,               Some(VIEW_ALL)),
    ("GET /v1/customers/{customerKey}/audit",                      Some("EditCustomer"), None,               Some(EDIT_ALL)),
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
const PUBLIC: &[&str] = &["GET /v1/openapi.json", "POST /v1/api-keys/verify"];

fn name_of(endpoint: &EndpointFunction) -> String {
    format!("{} {}", endpoint.spec.method.name(), endpoint.spec.route)
}

#[test]
fn every_endpoint_asks_for_the_permissions_that_the_contract_names() {
    for endpoint in endpoints() {
        let name = name_of(&endpoint);
        let AccessRule {
            public,
            own,
            parent,
            platform,
            ..
        } = endpoint.access;
        assert_eq!(public, PUBLIC.contains(&name.as_str()), "{name}");
        if public {
            continue;
        }
        let row = ROUTES.iter().find(|(route, ..)| *route == name);
        let (_, in_own, as_parent, by_platform) =
            row.unwrap_or_else(|| panic!("{name} is not in the table above: what does the contract say?"));
        let names = [own, parent, platform].map(|permission| permission.map(|p| p.name()));
        assert_eq!(names, [*in_own, *as_parent, *by_platform], "{name}");
    }
}

#[test]
fn every_role_holds_the_permissions_that_the_contract_names() {
    for role in domain::Role::ALL {
        let (_, permissions) = ROLES.iter().find(|(name, _)| *name == role.name()).unwrap();
        let held: Vec<&str> = role.permissions().iter().map(|p| p.name()).collect();
        assert_eq!(held, *permissions, "{}", role.name());
    }
    assert_eq!(domain::Role::ALL.len(), ROLES.len());
}

/// Whose customer is called for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Target {
    Own,
    /// An account provisioned for a client of the caller's tenant.
    Account,
    Foreign,
    Nobody,
}

#[derive(Clone, Debug)]
enum Who {
    NoToken,
    Garbage,
    /// Somebody of the caller's tenant; perhaps of a client's.
    User {
        role: Option<&'static str>,
        is_client: bool,
    },
    /// Somebody of the client that the caller's tenant provisioned the account for: their own customer is the account.
    ClientUser {
        role: Option<&'static str>,
    },
    /// In no tenant.
    Platform {
        role: &'static str,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Unauthorized,
    Forbidden,
    Mismatch,
    In,
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        match (answer.status, answer.body["code"].as_str()) {
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden,
            (_, Some("KEY_MISMATCH")) => Self::Mismatch,
            _ => Self::In,
        }
    }
}

/// What the contract says.
fn expected(rule: &AccessRule, in_a_tenant: bool, of_client: bool, who: &Who, target: Target) -> Outcome {
    if rule.public {
        return Outcome::In;
    }
    let (role, is_client, has_tenant) = match who {
        Who::NoToken | Who::Garbage => return Outcome::Unauthorized,
        Who::User { role, is_client } => (*role, *is_client, true),
        Who::ClientUser { role } => (*role, true, true),
        Who::Platform { role } => (Some(*role), false, false),
    };
    let held = ROLES
        .iter()
        .find(|(name, _)| Some(*name) == role)
        .map_or(&[][..], |(_, permissions)| permissions);
    let holds = |permission: Option<domain::Permission>| permission.is_some_and(|p| held.contains(&p.name()));
    // Who is in no tenant has none of their own.
    let target = if has_tenant { target } else { Target::Foreign };
    let own = match who {
        Who::ClientUser { .. } => Target::Account,
        _ => Target::Own,
    };
    let as_parent = target != own && holds(rule.parent);
    // A client's user reaches that client only, so is never platform staff.
    let as_platform = !is_client && holds(rule.platform);
    if !(as_platform || in_a_tenant && (holds(rule.own) || as_parent)) {
        return Outcome::Forbidden;
    }
    if is_client {
        // Their own client, by the customer whose client it is.
        let theirs = matches!(who, Who::ClientUser { .. }) && of_client && target == Target::Own && holds(rule.own);
        return if theirs { Outcome::In } else { Outcome::Mismatch };
    }
    let is_let_in = as_platform
        || has_tenant && (target == Target::Own && holds(rule.own) || target == Target::Account && as_parent);
    if is_let_in { Outcome::In } else { Outcome::Mismatch }
}

struct Scene {
    world: World,
    own: String,
    /// A client of its own, and the account provisioned for it.
    client: String,
    account: String,
    foreign: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let own = world.member_customer("Own").await;
        let foreign = world.member_customer("Foreign").await;
        let body = json!({"name": "Client", "provisionAccount": true});
        let client = world
            .post(&world.admin(), &format!("{}/clients", at(&own)), body)
            .await
            .expect(201);
        let account = client.body["clientCustomerKey"].as_str().unwrap().to_owned();
        let client = key_of(&client.body);
        Self {
            world,
            own,
            client,
            account,
            foreign,
        }
    }

    fn key(&self, target: Target) -> &str {
        match target {
            Target::Own => &self.own,
            Target::Account => &self.account,
            Target::Foreign => &self.foreign,
            Target::Nobody => "cus_01kb1v0c1tfr2v6krscysfnvgb",
        }
    }

    fn token(&self, who: &Who) -> Option<Token> {
        match who {
            Who::NoToken | Who::Garbage => None,
            Who::User { role, is_client } => {
                let token = self.world.token().customer(&self.own).subject("usr_user");
                let token = role.iter().fold(token, |token, role| token.role(role));
                Some(if *is_client {
                    token.claim("clientId", json!("cli_01kb1v0c1tfr2v6krscysfnvgb"))
                } else {
                    token
                })
            }
            Who::ClientUser { role } => {
                let token = self.world.token().customer(&self.account).subject("usr_client");
                let token = role.iter().fold(token, |token, role| token.role(role));
                Some(token.claim("clientId", json!(self.client)))
            }
            Who::Platform { role } => Some(self.world.token().role(role).subject("usr_staff")),
        }
    }

    /// A call that changes nothing even for those who are let in: its ETag is stale, its body empty.
    async fn call(&self, endpoint: &EndpointFunction, who: &Who, target: Target) -> Answer {
        let path = endpoint
            .spec
            .route
            .replace("{customerKey}", self.key(target))
            .replace("{clientKey}", &self.client)
            .replace("{externalId}", "crm-1")
            .replace("{bootstrapTenantKey}", "nobody");
        // Of whatever else has a key, one that nothing has.
        let path = endpoint.spec.path_parameters().fold(path, |path, name| {
            let Some(kind) = kind_of_parameter(name) else {
                return path;
            };
            let nobodys = format!("{}_01kb1v0c1tfr2v6krscysfnvgb", kind.prefix);
            path.replace(&format!("{{{name}}}"), &nobodys)
        });
        assert!(!path.contains('{'), "{path}: what stands for this parameter?");
        let mut call = Call::new(endpoint.spec.method.name(), &path).header("if-match", "\"999\"");
        if !matches!(endpoint.spec.body, runtime::Body::None) {
            call = call.json(json!({}));
        }
        call = match (self.token(who), who) {
            (Some(token), _) => call.by(&token),
            (None, Who::Garbage) => call.header("authorization", "Bearer e30.e30.AAAA"),
            (None, _) => call,
        };
        self.world.send(call).await
    }
}

fn everybody() -> Vec<(String, Who)> {
    let mut everybody = vec![
        ("no token".into(), Who::NoToken),
        ("a garbage token".into(), Who::Garbage),
    ];
    let roles = || ROLES.iter().map(|(role, _)| Some(*role)).chain([None]);
    for (is_client, suffix) in [(false, ""), (true, " of a client")] {
        for role in roles() {
            everybody.push((
                format!("{}{suffix}", role.unwrap_or("nothing")),
                Who::User { role, is_client },
            ));
        }
    }
    for role in roles() {
        everybody.push((
            format!("{} of the client", role.unwrap_or("nothing")),
            Who::ClientUser { role },
        ));
    }
    for (role, _) in ROLES {
        everybody.push((format!("{role} of no tenant"), Who::Platform { role }));
    }
    everybody
}

#[tokio::test]
async fn everybody_gets_as_far_as_the_contract_says() {
    let scene = Scene::new().await;
    // A cell is the answer for each target, or the one answer where it is the same for all.
    let mut matrix: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut refusals = 0;
    let mut clients_refusals = 0;
    for endpoint in endpoints() {
        let in_a_tenant = endpoint.spec.path_parameters().any(|name| name == "customerKey");
        for (name, who) in everybody() {
            let targets = [Target::Own, Target::Account, Target::Foreign, Target::Nobody];
            let mut cells = Vec::new();
            for target in &targets[..if in_a_tenant { 4 } else { 1 }] {
                let answer = scene.call(&endpoint, &who, *target).await;
                let outcome = Outcome::of(&answer);
                let expected = expected(
                    &endpoint.access,
                    in_a_tenant,
                    endpoint.spec.is_of_client(),
                    &who,
                    *target,
                );
                assert_eq!(
                    outcome,
                    expected,
                    "{} by {name} on {target:?}: {}",
                    name_of(&endpoint),
                    answer.body
                );
                if outcome == Outcome::Mismatch && matches!(who, Who::User { .. }) {
                    refusals += 1;
                }
                if outcome == Outcome::Mismatch && matches!(who, Who::ClientUser { .. }) {
                    clients_refusals += 1;
                }
                let code = answer.body["code"].as_str().unwrap_or("");
                cells.push(format!("{} {code}", answer.status).trim().to_owned());
            }
            if cells.iter().all(|cell| *cell == cells[0]) {
                cells.truncate(1);
            }
            matrix
                .entry(name_of(&endpoint))
                .or_default()
                .insert(name, json!(cells.join(" / ")));
        }
    }
    insta::assert_json_snapshot!(matrix);
    // Nobody's refusal is left untold, and none is told to those who were asked for.
    let told = |trail: Vec<Value>| {
        trail
            .iter()
            .filter(|entry| entry["action"] == "KEY_MISMATCH_REFUSED")
            .count()
    };
    assert_eq!(told(scene.world.audit(&scene.own).await), refusals);
    assert_eq!(told(scene.world.audit(&scene.account).await), clients_refusals);
    assert_eq!(told(scene.world.audit(&scene.foreign).await), 0);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let scene = Scene::new().await;
    for endpoint in endpoints().iter().filter(|endpoint| !endpoint.access.public) {
        let nobody = Who::User {
            role: None,
            is_client: false,
        };
        let answer = scene
            .call(endpoint, &nobody, Target::Own)
            .await
            .problem(403, "FORBIDDEN");
        let wanted = endpoint.access.own.or(endpoint.access.platform).unwrap();
        assert_eq!(
            answer.body["details"],
            json!({"permission": wanted.name()}),
            "{}",
            name_of(endpoint)
        );
    }
}

#[tokio::test]
async fn a_refused_key_is_shown_with_what_was_claimed_and_tells_nothing_of_what_is_there() {
    let scene = Scene::new().await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.access.own.is_some()) {
        for target in [Target::Foreign, Target::Nobody] {
            let admin = Who::User {
                role: Some("CustomerAdmin"),
                is_client: false,
            };
            let answer = scene.call(endpoint, &admin, target).await.problem(400, "KEY_MISMATCH");
            let details = json!({"field": "customerKey", "claimed": scene.own, "requested": scene.key(target)});
            assert_eq!(answer.body["details"], details, "{}", name_of(endpoint));
        }
    }
}

#[tokio::test]
async fn an_accounts_own_people_have_no_say_over_its_parent() {
    let scene = Scene::new().await;
    for role in ["CustomerAdmin", "ClientEditor", "TenantAdmin"] {
        let caller = scene.world.user(role, &scene.account);
        scene
            .world
            .get(&caller, &at(&scene.own))
            .await
            .problem(400, "KEY_MISMATCH");
    }
}

#[tokio::test]
async fn a_parent_reads_the_account_and_nothing_below_it() {
    let scene = Scene::new().await;
    let caller = scene.world.user("CustomerAdmin", &scene.own);
    let read = scene.world.get(&caller, &at(&scene.account)).await.expect(200);
    assert_eq!(key_of(&read.body), scene.account);
    for below in ["deactivations", "audit", "locations"] {
        scene
            .world
            .get(&caller, &format!("{}/{below}", at(&scene.account)))
            .await
            .problem(400, "KEY_MISMATCH");
    }
    scene
        .world
        .patch(&caller, &at(&scene.account), json!({"name": "Mine"}))
        .await
        .problem(400, "KEY_MISMATCH");
}

#[tokio::test]
async fn several_roles_add_up() {
    let scene = Scene::new().await;
    let caller = scene
        .world
        .user("Member", &scene.own)
        .claim("roles", json!(["ClientViewer", "Member"]));
    scene.world.get(&caller, &at(&scene.own)).await.expect(200);
    scene
        .world
        .patch(&caller, &at(&scene.own), json!({"name": "New"}))
        .await
        .problem(403, "FORBIDDEN");
}
