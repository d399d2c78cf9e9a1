//! Authorisation: every endpoint, called by every kind of caller.
//!
//! The endpoints and their permissions come from the declarations, so a new endpoint is tested on the day it is added. The expected
//! outcome for each caller is derived from the contract alone.

mod contract;
mod scene;
mod work;

use crate::support::{at, endpoints, key_of};
use contract::{Outcome, PUBLIC, ROLES, ROUTES, expected};
use runtime::{access::AccessRule, function::EndpointFunction};
use scene::{Caller, Group, Scene, Target, groups};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};

fn name_of(endpoint: &EndpointFunction) -> String {
    format!("{} {}", endpoint.spec.method.name(), endpoint.spec.route)
}

#[test]
fn every_endpoint_requires_the_permissions_of_the_contract() {
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
            row.unwrap_or_else(|| panic!("{name} is missing in the contract's table"));
        let names = [own, parent, platform].map(|permission| permission.map(|p| p.name()));
        assert_eq!(names, [*in_own, *as_parent, *by_platform], "{name}");
    }
}

#[test]
fn every_role_holds_the_permissions_of_the_contract() {
    for role in domain::Role::ALL {
        let (_, permissions) = ROLES.iter().find(|(name, _)| *name == role.name()).unwrap();
        let held: Vec<&str> = role.permissions().iter().map(|p| p.name()).collect();
        assert_eq!(held, *permissions, "{}", role.name());
    }
    assert_eq!(domain::Role::ALL.len(), ROLES.len());
}

/// The answers of the snapshot and their letters: small for callers that are let in, capital for callers that are refused.
const LETTERS: &[(char, &str)] = &[
    ('.', "200"),
    ('n', "404 NOT_FOUND"),
    ('t', "404 TENANT_NOT_FOUND"),
    ('v', "400 VALIDATION_FAILED"),
    ('m', "412 VERSION_MISMATCH"),
    ('A', "401 NOT_AUTHORIZED"),
    ('F', "403 FORBIDDEN"),
    ('K', "400 KEY_MISMATCH"),
];

const TARGETS: &[(Target, &str)] = &[
    (Target::Own, "the tenant's own customer"),
    (Target::Account, "the account of its client"),
    (Target::Foreign, "a foreign customer"),
    (Target::Unknown, "an unknown customer"),
];

fn legend(groups: &[Group]) -> String {
    let mut text = String::from("Each letter stands for an answer:\n");
    for (letter, answer) in LETTERS {
        let _ = writeln!(text, "  {letter}  {answer}");
    }
    let targets: Vec<&str> = TARGETS.iter().map(|(_, name)| *name).collect();
    let _ = writeln!(
        text,
        "\nEach block of letters stands for a customer: {}.",
        targets.join("; ")
    );
    text += "A route outside of tenants has one block.\n\nEach group of letters stands for a kind of caller, and each letter for a caller:\n";
    for group in groups {
        let callers: Vec<&str> = group.callers.iter().map(|(name, _)| *name).collect();
        let _ = writeln!(text, "  {}: {}", group.name, callers.join(", "));
    }
    text + "\n"
}

#[tokio::test]
async fn every_caller_gets_the_outcome_of_the_contract() {
    let scene = Scene::new().await;
    let groups = groups();
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    let mut refusals = 0;
    let mut clients_refusals = 0;
    for endpoint in endpoints() {
        let route = name_of(&endpoint);
        let in_a_tenant = endpoint.spec.path_parameters().any(|name| name == "customerKey");
        let mut blocks = Vec::new();
        for (target, _) in &TARGETS[..if in_a_tenant { 4 } else { 1 }] {
            let mut block = Vec::new();
            for group in &groups {
                let mut letters = String::new();
                for (name, caller) in &group.callers {
                    let answer = scene.call(&endpoint, caller, *target).await;
                    let outcome = Outcome::of(&answer);
                    let of_client = endpoint.spec.is_of_client();
                    let place = format!("{route} by {name}, {}, on {target:?}: {}", group.name, answer.body);
                    assert_eq!(
                        outcome,
                        expected(&endpoint.access, in_a_tenant, of_client, caller, *target),
                        "{place}"
                    );
                    match caller {
                        Caller::User { .. } if outcome == Outcome::Mismatch => refusals += 1,
                        Caller::ClientUser { .. } if outcome == Outcome::Mismatch => clients_refusals += 1,
                        _ => {}
                    }
                    let code = answer.body["code"].as_str().unwrap_or("");
                    let status = format!("{} {code}", answer.status);
                    let letter = LETTERS.iter().find(|(_, answer)| *answer == status.trim());
                    letters.push(letter.unwrap_or_else(|| panic!("no letter for {place}")).0);
                }
                block.push(letters);
            }
            blocks.push(block.join(" "));
        }
        lines.insert(route, blocks.join(" | "));
    }
    let mut text = legend(&groups);
    for (route, letters) in lines {
        let _ = writeln!(text, "{letters}  {route}");
    }
    insta::assert_snapshot!(text);
    // The audit trail of the caller's own tenant has every refusal, and that of the foreign customer has none.
    let refused = |trail: Vec<Value>| {
        let is_refusal = |entry: &&Value| entry["action"] == "KEY_MISMATCH_REFUSED";
        trail.iter().filter(is_refusal).count()
    };
    assert_eq!(refused(scene.world.audit(&scene.own).await), refusals);
    assert_eq!(refused(scene.world.audit(&scene.account).await), clients_refusals);
    assert_eq!(refused(scene.world.audit(&scene.foreign).await), 0);
}

#[tokio::test]
async fn a_refusal_names_the_missing_permission() {
    let scene = Scene::new().await;
    for endpoint in endpoints().iter().filter(|endpoint| !endpoint.access.public) {
        let caller = Caller::User {
            role: None,
            is_client: false,
        };
        let answer = scene
            .call(endpoint, &caller, Target::Own)
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
async fn a_refusal_shows_both_keys_and_does_not_reveal_whether_the_customer_exists() {
    let scene = Scene::new().await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.access.own.is_some()) {
        for target in [Target::Foreign, Target::Unknown] {
            let admin = Caller::User {
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
async fn users_of_an_account_cannot_read_its_parent() {
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
async fn a_parent_reads_the_account_but_not_its_parts() {
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
async fn a_caller_has_the_permissions_of_all_roles() {
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
