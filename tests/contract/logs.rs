//! The log lines of a function.

use crate::support::{World, at, key_of, task, tasks};
use chrono::DateTime;
use runtime::{Context, logs};
use serde_json::{Value, json};
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing::{level_filters::LevelFilter, subscriber};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that this closure logs.
fn logged(function: &str, log: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = logs::subscriber(function, LevelFilter::INFO, move || writer.clone());
    subscriber::with_default(subscriber, log);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_log_line_is_json_that_starts_with_the_function() {
    let lines = logged("get-customer", || {
        tracing::info!(request_id = "r", status = 200, "answered");
        tracing::error!("a failure\nof \"two\" lines");
        tracing::debug!("not at this level");
    });
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert!(line.starts_with(r#"{"function":"get-customer","#), "{line}");
        assert_eq!(line.matches("\"function\"").count(), 1, "{line}");
    }
    // Lambda's JSON log format reads these two fields: without them, it takes a line for INFO and gives it a time of its own.
    for (line, level) in lines.iter().zip(["INFO", "ERROR"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], level, "{line}");
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(DateTime::parse_from_rfc3339(timestamp).is_ok(), "{line}");
    }
    let answered: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(answered["message"], "answered");
    assert_eq!(answered["status"], json!(200));
    let failure: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(failure["message"], "a failure\nof \"two\" lines");
}

#[test]
fn a_quote_in_the_functions_name_is_escaped() {
    let lines = logged("a\"b", || tracing::info!("done"));
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["function"], "a\"b");
}

/// A value that no log line may contain.
const EMAIL: &str = "ann@acme.example";

/// The lines that are logged while a world runs.
fn logged_in_a_world(run: impl AsyncFnOnce(&World)) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    logged("any", || runtime.block_on(async { run(&World::new().await).await }))
}

#[track_caller]
fn assert_says_without_values(lines: &[String], message: &str, times: usize) {
    let count = lines.iter().filter(|line| line.contains(message)).count();
    assert_eq!(count, times, "{message}: {lines:#?}");
    for line in lines {
        assert!(!line.contains('@') && !line.contains("acme.example"), "{line}");
    }
}

#[test]
fn a_malformed_message_is_logged_once_without_its_content() {
    let sample = events::Event::sample(events::EventType::ALL[0]);
    let mut bodies = vec![
        json!(EMAIL),
        json!(json!(EMAIL).to_string()),
        json!(json!({"detail": EMAIL}).to_string()),
        json!(format!("{{\"detail\": {{\"{EMAIL}\": ")),
    ];
    for name in sample.as_object().unwrap().keys() {
        for value in [json!(EMAIL), json!([EMAIL]), json!({EMAIL: EMAIL})] {
            let mut event = sample.clone();
            event[name] = value;
            bodies.push(json!(json!({"detail": event}).to_string()));
        }
    }
    let refused = bodies.len() * tasks().len();
    let lines = logged_in_a_world(async |world| {
        for task in tasks() {
            assert!(world.deliver(&task, &bodies).await.is_empty());
        }
    });
    let about_messages = lines.iter().filter(|line| line.contains("message_id")).count();
    assert_eq!(about_messages, refused, "one line a message");
    // `changed` and `bootstrapTenantKey` may be any text. The task of the event then finds that there is no such customer.
    assert_says_without_values(&lines, "dropped", refused - 2);
}

#[test]
fn a_damaged_item_is_logged_without_its_content() {
    let lines = logged_in_a_world(async |world| {
        let customer = key_of(&world.tenant("Acme").await);
        for attribute in [
            "isDisabled",
            "version",
            "products",
            "address",
            "type",
            "actor",
            "updatedAt",
        ] {
            let records = world.stream_records(0);
            let mut record = records[0].clone();
            for image in records {
                if image["dynamodb"]["NewImage"]["entity"]["S"] == "Customer" {
                    record = image;
                }
            }
            record["dynamodb"]["NewImage"][attribute] = json!({"S": EMAIL});
            assert!(world.trigger_on(&[record]).await.is_some(), "{attribute}");
        }
        world.run_trigger().await;
        let mut created = world.spine.take().remove(0);
        created.as_object_mut().unwrap().shift_remove("after");
        world.set_text(&customer, "products", EMAIL).await;
        let failed = world.deliver(&task("create-customer-location"), &[created]).await;
        assert_eq!(failed, [0]);
        world.get(&world.admin(), &at(&customer)).await.problem(500, "INTERNAL");
    });
    assert_says_without_values(&lines, "a stream record can't be read", 7);
    assert_says_without_values(&lines, "failed, will be retried", 1);
    assert_says_without_values(&lines, "the request failed", 1);
}

#[test]
fn damaged_configuration_is_reported_without_its_content() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut config = None;
        let world = World::configured(|of_world| config = Some(of_world.clone())).await;
        let mut config = config.unwrap();
        config.jwks = Some(json!({"keys": EMAIL}).to_string());
        let context = Context::new(world.ctx.table.clone(), &config, world.clock.clone());
        let error = context.with_tokens(&config).err().unwrap().to_string();
        assert!(
            error.starts_with("JWKS is not a JSON Web Key Set: invalid type"),
            "{error}"
        );
        assert!(!error.contains('@'), "{error}");
    });
}
