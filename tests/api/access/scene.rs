//! The customers, clients and callers of the authorisation tests.

use super::contract::ROLES;
use crate::support::{Answer, Call, Token, World, at, key_of};
use runtime::{function::EndpointFunction, spec::kind_of_parameter};
use serde_json::json;

/// The customer that a call is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    Own,
    /// An account provisioned for a client of the caller's tenant.
    Account,
    Foreign,
    /// No customer has this key.
    Unknown,
}

#[derive(Clone, Debug)]
pub enum Caller {
    NoToken,
    Garbage,
    /// A user of the tenant; with `is_client`, a user of a client that does not exist.
    User {
        role: Option<&'static str>,
        is_client: bool,
    },
    /// A user of the client for which the tenant provisioned the account: their own customer is the account.
    ClientUser {
        role: Option<&'static str>,
    },
    /// A user in no tenant.
    Platform {
        role: &'static str,
    },
}

pub struct Scene {
    pub world: World,
    pub own: String,
    /// A client of `own`, and the account provisioned for it.
    client: String,
    pub account: String,
    pub foreign: String,
}

impl Scene {
    pub async fn new() -> Self {
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

    pub fn key(&self, target: Target) -> &str {
        match target {
            Target::Own => &self.own,
            Target::Account => &self.account,
            Target::Foreign => &self.foreign,
            Target::Unknown => "cus_01kb1v0c1tfr2v6krscysfnvgb",
        }
    }

    fn token(&self, caller: &Caller) -> Option<Token> {
        match caller {
            Caller::NoToken | Caller::Garbage => None,
            Caller::User { role, is_client } => {
                let token = self.world.token().customer(&self.own).subject("usr_user");
                let token = role.iter().fold(token, |token, role| token.role(role));
                Some(if *is_client {
                    token.claim("clientId", json!("cli_01kb1v0c1tfr2v6krscysfnvgb"))
                } else {
                    token
                })
            }
            Caller::ClientUser { role } => {
                let token = self.world.token().customer(&self.account).subject("usr_client");
                let token = role.iter().fold(token, |token, role| token.role(role));
                Some(token.claim("clientId", json!(self.client)))
            }
            Caller::Platform { role } => Some(self.world.token().role(role).subject("usr_staff")),
        }
    }

    /// A call that changes nothing even if it is let in: its ETag is stale and its body is empty.
    pub async fn call(&self, endpoint: &EndpointFunction, caller: &Caller, target: Target) -> Answer {
        let path = endpoint
            .spec
            .route
            .replace("{customerKey}", self.key(target))
            .replace("{clientKey}", &self.client)
            .replace("{externalId}", "crm-1")
            .replace("{bootstrapTenantKey}", "unknown");
        // For all other entities, a key that no entity has.
        let path = endpoint.spec.path_parameters().fold(path, |path, name| {
            let Some(kind) = kind_of_parameter(name) else {
                return path;
            };
            let unknown = format!("{}_01kb1v0c1tfr2v6krscysfnvgb", kind.prefix);
            path.replace(&format!("{{{name}}}"), &unknown)
        });
        assert!(!path.contains('{'), "{path}: this parameter has no value");
        let mut call = Call::new(endpoint.spec.method.name(), &path).header("if-match", "\"999\"");
        if !matches!(endpoint.spec.body, runtime::Body::None) {
            call = call.json(json!({}));
        }
        call = match (self.token(caller), caller) {
            (Some(token), _) => call.by(&token),
            (None, Caller::Garbage) => call.header("authorization", "Bearer e30.e30.AAAA"),
            (None, _) => call,
        };
        self.world.send(call).await
    }
}

/// A kind of callers, and a caller for each token or role.
pub struct Group {
    pub name: &'static str,
    pub callers: Vec<(&'static str, Caller)>,
}

pub fn groups() -> Vec<Group> {
    let roles = || ROLES.iter().map(|(role, _)| Some(*role)).chain([None]);
    let name = |role: Option<&'static str>| role.unwrap_or("no role");
    let user = |is_client| roles().map(move |role| (name(role), Caller::User { role, is_client }));
    let client_user = |role| (name(role), Caller::ClientUser { role });
    let staff = ROLES.iter().map(|(role, _)| (*role, Caller::Platform { role }));
    let group = |name, callers| Group { name, callers };
    vec![
        group(
            "without a valid token",
            vec![("no token", Caller::NoToken), ("a garbage token", Caller::Garbage)],
        ),
        group("users of the tenant", user(false).collect()),
        group("users of an unknown client of the tenant", user(true).collect()),
        group(
            "users of the client that has the account",
            roles().map(client_user).collect(),
        ),
        group("users in no tenant", staff.collect()),
    ]
}
