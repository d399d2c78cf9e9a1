//! Real processes: a shell script starts this test binary again, which then acts as the function.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::plan::Function;

/// A function's process. Its payload tells it what to do. The tests below start it as `<binary> --exact <this test>`.
#[test]
#[ignore = "the other tests run this as a function"]
fn function_process() {
    let Ok(address) = std::env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let base = format!("http://{address}/2018-06-01/runtime");
    if std::env::var("BROKEN").is_ok() {
        eprintln!("the configuration is missing");
        std::process::exit(2);
    }
    // Like every function, it ends when the Runtime API is gone.
    while let Ok(mut next) = ureq::get(format!("{base}/invocation/next")).call() {
        let id = next.headers()["lambda-runtime-aws-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let payload: Value = next.body_mut().read_json().unwrap();
        println!("got {payload}");
        if let Some(milliseconds) = payload["sleep"].as_u64() {
            std::thread::sleep(Duration::from_millis(milliseconds));
        }
        if let Some(status) = payload["exit"].as_i64() {
            std::process::exit(status as i32);
        }
        let records = payload["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
        let poisoned = payload.to_string().contains("poison");
        let (path, body) = match &payload["fail"] {
            Value::Null if poisoned => ("error", json!({"errorType": "Deliberate", "errorMessage": "poison"})),
            Value::Null if !records.is_empty() => ("response", json!({"batchItemFailures": faulty_items(records)})),
            Value::Null => ("response", answer(&payload)),
            failure => ("error", json!({"errorType": "Deliberate", "errorMessage": failure})),
        };
        ureq::post(format!("{base}/invocation/{id}/{path}"))
            .send_json(&body)
            .unwrap();
    }
}

fn answer(payload: &Value) -> Value {
    let variable = |name: &str| std::env::var(name).ok();
    json!({
        "pid": std::process::id(),
        "handler": variable("_HANDLER"),
        "function": variable("AWS_LAMBDA_FUNCTION_NAME"),
        "color": variable("COLOR"),
        "echo": payload,
    })
}

/// The failures of a batch from a queue or a stream: the records that contain the word "faulty".
fn faulty_items(records: &[Value]) -> Vec<Value> {
    let faulty = records.iter().filter(|record| record.to_string().contains("faulty"));
    faulty
        .map(|record| match &record["messageId"] {
            Value::Null => json!({"itemIdentifier": record["dynamodb"]["SequenceNumber"]}),
            id => json!({"itemIdentifier": id}),
        })
        .collect()
}

/// A function whose handler has the same name.
pub(crate) fn function(name: &str, code_uri: &str) -> Function {
    let code_uri = PathBuf::from(code_uri);
    Function {
        logical_id: name.to_uppercase(),
        name: name.to_owned(),
        arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
        binary: code_uri.file_name().unwrap().to_str().unwrap().to_owned(),
        code_uri,
        handler: name.to_owned(),
        timeout: 5,
        memory: 128,
        environment: BTreeMap::new(),
        role: None,
        allows_loops: false,
        reserved_concurrency: None,
    }
}

/// A Lambda with one function `f`. The folder must not be dropped before it.
pub(crate) fn lambda(change: impl FnOnce(&mut Function)) -> (tempfile::TempDir, Lambda) {
    let mut function = function("f", "target/lambda/script/");
    change(&mut function);
    lambda_with(&[function])
}

fn lambda_with(functions: &[Function]) -> (tempfile::TempDir, Lambda) {
    let folder = tempfile::tempdir().unwrap();
    let binaries = HashMap::from([("script".to_owned(), script(folder.path()))]);
    let settings = Settings {
        aws_url: "http://127.0.0.1:1".to_owned(),
        dynamodb_url: None,
        logs: folder.path().join("logs"),
        processes: folder.path().join("processes"),
    };
    fs::create_dir(&settings.processes).unwrap();
    let lambda = Lambda::new(functions, &binaries, &settings).unwrap();
    (folder, lambda)
}

fn script(folder: &Path) -> PathBuf {
    let path = folder.join("script");
    let binary = std::env::current_exe().unwrap();
    let test = "--exact lambda::tests::function_process --ignored --nocapture --quiet";
    fs::write(&path, format!("#!/bin/sh\nexec '{}' {test}\n", binary.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn invoke(lambda: &Lambda, payload: Value) -> Result<Value, Value> {
    invoke_function(lambda, "f", payload).await
}

async fn invoke_function(lambda: &Lambda, name: &str, payload: Value) -> Result<Value, Value> {
    match lambda.invoke(name, payload.to_string().into()).await {
        Outcome::Answered(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Failed(body) => Err(serde_json::from_slice(&body).unwrap()),
        Outcome::Throttled => Err("throttled".into()),
    }
}

fn log(folder: &tempfile::TempDir) -> String {
    fs::read_to_string(folder.path().join("logs/f.log")).unwrap()
}

#[tokio::test]
async fn a_process_is_reused_and_its_output_is_logged() {
    let (folder, lambda) = lambda(|_| {});
    let first = invoke(&lambda, json!({"n": 1})).await.unwrap();
    let second = invoke(&lambda, json!({"n": 2})).await.unwrap();
    assert_eq!(first["echo"], json!({"n": 1}));
    assert_eq!(first["pid"], second["pid"]);
    lambda.stop(Duration::ZERO).await;
    assert!(log(&folder).contains(r#"got {"n":2}"#));
    assert_eq!(fs::read_dir(folder.path().join("processes")).unwrap().count(), 0);
}

#[tokio::test]
async fn functions_that_share_a_binary_have_separate_handlers_environments_processes_and_logs() {
    let functions = ["f", "g"].map(|name| {
        let mut function = function(name, "target/lambda/script/");
        function.handler = format!("handler-of-{name}");
        function
            .environment
            .insert("COLOR".to_owned(), format!("color-of-{name}"));
        function.reserved_concurrency = Some(1);
        function
    });
    let (folder, lambda) = lambda_with(&functions);
    let mut pids = Vec::new();
    for name in ["f", "g"] {
        let answer = invoke_function(&lambda, name, json!({"for": name})).await.unwrap();
        assert_eq!(answer["function"], name);
        assert_eq!(answer["handler"], format!("handler-of-{name}"));
        assert_eq!(answer["color"], format!("color-of-{name}"));
        pids.push(answer["pid"].clone());
    }
    assert_ne!(pids[0], pids[1]);
    // The limit of one function does not affect the other.
    let held = lambda.slot("f").await.unwrap();
    assert_eq!(invoke_function(&lambda, "f", json!({})).await.unwrap_err(), "throttled");
    assert_eq!(invoke_function(&lambda, "g", json!({})).await.unwrap()["pid"], pids[1]);
    drop(held);
    lambda.stop(Duration::ZERO).await;
    for (name, other) in [("f", "g"), ("g", "f")] {
        let log = fs::read_to_string(folder.path().join(format!("logs/{name}.log"))).unwrap();
        assert!(log.contains(&format!(r#"got {{"for":"{name}"}}"#)), "{log}");
        assert!(!log.contains(&format!(r#"got {{"for":"{other}"}}"#)), "{log}");
    }
}

#[tokio::test]
async fn a_process_survives_an_error_and_is_replaced_after_a_crash() {
    let (folder, lambda) = lambda(|_| {});
    let before = invoke(&lambda, json!({})).await.unwrap();
    let error = invoke(&lambda, json!({"fail": "no luck"})).await.unwrap_err();
    assert_eq!(error["errorMessage"], "no luck");
    assert_eq!(invoke(&lambda, json!({})).await.unwrap()["pid"], before["pid"]);

    let error = invoke(&lambda, json!({"exit": 3})).await.unwrap_err();
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert_ne!(invoke(&lambda, json!({})).await.unwrap()["pid"], before["pid"]);
    assert!(log(&folder).contains("exit status 3"));
}

#[tokio::test]
async fn a_process_that_exceeds_its_timeout_is_ended() {
    let (folder, lambda) = lambda(|function| function.timeout = 1);
    let before = invoke(&lambda, json!({})).await.unwrap();
    let error = invoke(&lambda, json!({"sleep": 60_000})).await.unwrap_err();
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("Task timed out after 1.00 seconds")
    );
    assert_ne!(invoke(&lambda, json!({})).await.unwrap()["pid"], before["pid"]);
    assert!(log(&folder).contains("timed out"));
}

#[tokio::test]
async fn a_failed_start_is_reported_with_its_reason_and_not_repeated_in_a_loop() {
    let (folder, lambda) = lambda(|function| {
        function.environment.insert("BROKEN".to_owned(), "1".to_owned());
    });
    let error = invoke(&lambda, json!({})).await.unwrap_err();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("exit status 2") && message.contains("the configuration is missing"),
        "{message}"
    );
    for _ in 0..20 {
        assert_eq!(invoke(&lambda, json!({})).await.unwrap_err(), error);
    }
    assert_eq!(log(&folder).matches("stopped during its start").count(), 1);
}

#[tokio::test]
async fn invocations_run_in_parallel_up_to_the_limit() {
    let (_folder, lambda) = lambda(|_| {});
    let run = || async {
        invoke(&lambda, json!({"sleep": 100})).await.unwrap()["pid"]
            .as_u64()
            .unwrap()
    };
    let (a, b, c, d, e) = tokio::join!(run(), run(), run(), run(), run());
    let mut pids = vec![a, b, c, d, e];
    pids.sort();
    pids.dedup();
    assert_eq!(pids.len(), 4);
}

#[tokio::test]
async fn reserved_concurrency_throttles_callers_and_makes_mappings_wait() {
    let (_folder, lambda) = lambda(|function| function.reserved_concurrency = Some(1));
    let held = lambda.slot("f").await.unwrap();
    assert_eq!(invoke(&lambda, json!({})).await.unwrap_err(), "throttled");
    let waits = tokio::time::timeout(Duration::from_millis(20), lambda.slot("f")).await;
    assert!(waits.is_err());
    drop(held);
    invoke(&lambda, json!({})).await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_running_invocations_finish() {
    let (_folder, lambda) = lambda(|_| {});
    let running = tokio::spawn({
        let lambda = lambda.clone();
        async move { invoke(&lambda, json!({"sleep": 200})).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    lambda.stop(Duration::from_secs(5)).await;
    running.await.unwrap().unwrap();
    assert!(lambda.slot("f").await.is_none());
}

#[tokio::test]
async fn a_stop_does_not_wait_longer_than_its_grace_period() {
    let (_folder, lambda) = lambda(|_| {});
    let _running = tokio::spawn({
        let lambda = lambda.clone();
        async move { invoke(&lambda, json!({"sleep": 60_000})).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    lambda.stop(Duration::from_millis(100)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_invoke_api_answers_like_lambda() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    let (_folder, lambda) = lambda(|_| {});
    let app = invoke_api::routes(lambda);
    let ask = |name: &str, payload: &'static str| {
        let request = Request::post(format!("/2015-03-31/functions/{name}/invocations")).body(Body::from(payload));
        app.clone().oneshot(request.unwrap())
    };
    let answer = ask("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", "")
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-amz-executed-version"], "$LATEST");
    let answer = ask("f", r#"{"fail":"x"}"#).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-amz-function-error"]),
        (200, &"Unhandled".parse().unwrap())
    );
    assert_eq!(ask("f", "not json").await.unwrap().status(), 400);
    assert_eq!(ask("g", "{}").await.unwrap().status(), 404);
}
