//! The service applies some patches in one request to the table and reads the entity first for others. Both must give the same result. The
//! model is the pure function that patches an entity in memory.

use crate::support::World;
use domain::{
    Entity,
    access::Actor,
    customer::{self, Customer},
    fields::{self, Mode},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

/// An object with some of these fields, each with one of its values.
fn object(fields: Vec<(&'static str, Vec<Value>)>) -> impl Strategy<Value = Value> {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, values)| {
            prop::option::weighted(0.4, prop::sample::select(values)).prop_map(move |value| (name, value))
        })
        .collect();
    fields.prop_map(|fields| {
        let given = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect())
    })
}

fn patch() -> impl Strategy<Value = Value> {
    let address = object(vec![
        (
            "line1",
            vec![json!("1 Main Street"), json!("2 Side Street"), json!(null)],
        ),
        ("city", vec![json!("Springfield"), json!(null)]),
        ("country", vec![json!("US"), json!("DE")]),
    ]);
    let profiles = object(vec![("x", vec![json!("https://x.com/acme"), json!(null)])]);
    let business = object(vec![
        ("size", vec![json!("1-10"), json!("11-50"), json!(null)]),
        ("industrySector", vec![json!("45"), json!("40"), json!(null)]),
        ("industryGroup", vec![json!("4510"), json!("4010"), json!(null)]),
    ]);
    let plain = object(vec![
        ("name", vec![json!("Acme"), json!("Zenith")]),
        (
            "email",
            vec![json!("a@acme.example"), json!("b@acme.example"), json!(null)],
        ),
        ("sessionExpirationSeconds", vec![json!(300), json!(600), json!(null)]),
        ("products", vec![json!([]), json!(["a"]), json!(["a", "b"])]),
        ("externalId", vec![json!("x-1"), json!("x-2"), json!(null)]),
        ("person", vec![json!({"firstName": "Ada"}), json!(null)]),
        ("address", vec![json!(null)]),
        ("business", vec![json!(null)]),
    ]);
    let nested = (
        prop::option::weighted(0.3, address),
        prop::option::weighted(0.3, (business, prop::option::of(profiles))),
    );
    (plain, nested).prop_map(|(mut patch, (address, business))| {
        if let Some(address) = address {
            patch["address"] = address;
        }
        if let Some((mut business, profiles)) = business {
            if let Some(profiles) = profiles {
                business["socialProfiles"] = profiles;
            }
            patch["business"] = business;
        }
        patch
    })
}

/// The customer after the patch according to the model; none if the model refuses the patch.
fn expected(before: &Value, patch: &Value, world: &World) -> Option<Customer> {
    let before: Customer = serde_json::from_value(before.clone()).unwrap();
    let body: Map<String, Value> = patch.as_object().unwrap().clone();
    let checked = fields::check(customer::FIELDS, body, Mode::Patch);
    if !checked.errors.is_empty() {
        return None;
    }
    let by = Actor::user("usr_admin");
    match before.patched(&checked.value, world.ctx.clock.now(), &by) {
        Ok(after) => Some(after.unwrap_or(before)),
        Err(_) => None,
    }
}

#[test]
fn a_patch_in_one_request_gives_the_result_of_reading_and_writing() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let created = runtime.block_on(world.tenant("Acme"));
    let path = format!("/v1/customers/{}", created["key"].as_str().unwrap());
    let current = std::cell::RefCell::new(created);
    TestRunner::new(ProptestConfig::with_cases(600))
        .run(&patch(), |patch| {
            let before = current.borrow().clone();
            let answer = runtime.block_on(world.patch(&world.admin(), &path, patch.clone()));
            match expected(&before, &patch, &world) {
                Some(after) => {
                    prop_assert_eq!(answer.status, 200, "{}", answer.body);
                    prop_assert_eq!(
                        &answer.body,
                        &serde_json::to_value(after).unwrap(),
                        "{} + {}",
                        before,
                        patch
                    );
                    *current.borrow_mut() = answer.body;
                }
                None => prop_assert_eq!(answer.status, 400, "{} + {}: {}", before, patch, answer.body),
            }
            let stored = runtime.block_on(world.get(&world.admin(), &path)).body;
            prop_assert_eq!(&stored, &*current.borrow());
            Ok(())
        })
        .unwrap();
}
