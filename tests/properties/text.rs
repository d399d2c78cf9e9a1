//! Any text that is accepted comes back in a form that is accepted again and changes nothing, and collides with every text that is compared
//! as equal.

use crate::support::{World, at, key_of};
use domain::text;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;
use std::cell::Cell;
use tokio::runtime::Builder;

/// Texts of letters that fold or compose, of characters that are refused, and of anything else.
fn texts() -> impl Strategy<Value = String> {
    let tricky: Vec<char> = "aAeEiI1 \n\r\tßẞıİﬁςΣé\u{301}\u{308}\u{345}\u{a0}\u{2003}\u{2028}\u{200b}\u{200c}\u{200d}\u{200e}\u{202e}\u{feff}\u{fe0f}\u{2800}क\u{94d}가\u{1100}\u{1161}❤🔥"
        .chars()
        .collect();
    let letter = prop_oneof![6 => prop::char::range('!', '~'), 3 => prop::sample::select(tricky), 1 => any::<char>()];
    prop::collection::vec(letter, 1..12).prop_map(String::from_iter)
}

#[test]
fn an_accepted_text_is_kept_and_is_unique() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let admin = world.admin();
    let customer = at(&key_of(&runtime.block_on(world.customer(json!({})))));
    let list = format!("{customer}/departments");
    let accepted = Cell::new(0);
    TestRunner::new(ProptestConfig::with_cases(400))
        .run(&texts(), |text| {
            runtime.block_on(async {
                let body = json!({"name": text, "description": text, "internalCode": text});
                let answer = world.post(&admin, &list, body).await;
                let is_line = text::check(&text::normal(&text), text::Lines::One).is_ok() && !text::normal(&text).is_empty();
                prop_assert_eq!(answer.status == 201, is_line, "{:?}: {}", text, answer.body);
                if !is_line {
                    return Ok(());
                }
                let created = answer.body;
                let path = format!("{list}/{}", key_of(&created));
                prop_assert_eq!(&world.get(&admin, &path).await.body, &created);
                for again in [
                    json!({"name": created["name"], "description": created["description"], "internalCode": created["internalCode"]}),
                    json!({"name": text, "description": text, "internalCode": text}),
                ] {
                    let patched = world.patch(&admin, &path, again).await;
                    prop_assert_eq!((patched.status, &patched.body), (200, &created));
                }
                let kept = created["internalCode"].as_str().unwrap();
                for same in [text::folded(kept), format!(" {kept}\u{a0}"), kept.to_owned()] {
                    let body = json!({"name": "Another", "internalCode": same});
                    prop_assert_eq!(world.post(&admin, &list, body).await.status, 409, "{:?} {:?}", kept, same);
                    let renamed = world.patch(&admin, &path, json!({"internalCode": same})).await;
                    prop_assert_eq!(renamed.status, 200, "{:?} {:?}", kept, same);
                }
                world.delete(&admin, &path).await.expect(204);
                accepted.set(accepted.get() + 1);
                Ok(())
            })
        })
        .unwrap();
    assert!(accepted.get() > 50, "{}", accepted.get());
}
