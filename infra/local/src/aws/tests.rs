//! Requests to the whole application, as SDKs send them.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::plan;
use crate::s3::Permissions;
use crate::server::tests::{exchange, serve_app};
use crate::store::Store;

struct Fixture {
    _folder: tempfile::TempDir,
    app: Router,
}

impl Fixture {
    fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
        let queue = |name: &str, redrive| plan::Queue {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            visibility_timeout: 30,
            retention: 3600,
            delay: 0,
            receive_wait: 0,
            redrive,
        };
        let redrive = plan::Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receive_count: 1,
        };
        let sqs = Sqs::open(store.clone(), &[queue("tasks", Some(redrive)), queue("dead", None)]).unwrap();
        let bus = EventBus::open(store.clone(), sqs.clone(), &[], &[]).unwrap();
        let s3 = S3::open(store, &[], None, Permissions::default());
        let dynamodb = DynamoDb::open(&folder.path().join("tables.sqlite")).unwrap();
        let invoke = Router::new().route("/2015-03-31/functions/{name}/invocations", post(async || "invoked"));
        Fixture {
            app: app(dynamodb, sqs, bus, s3, invoke, Names::of_port(4566)),
            _folder: folder,
        }
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status,
            parts.headers,
            serde_json::from_slice(&body).unwrap_or(Value::Null),
        )
    }

    async fn call(&self, target: &str, request: Value) -> (StatusCode, Value) {
        let request = Request::post("/")
            .header(HOST, "localhost:4566")
            .header("x-amz-target", target)
            .body(Body::from(request.to_string()))
            .unwrap();
        let (status, _, body) = self.answer(request).await;
        (status, body)
    }

    async fn ask(&self, target: &str, request: Value) -> Value {
        let (status, body) = self.call(target, request).await;
        assert_eq!(status, StatusCode::OK, "{target}: {body}");
        body
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(Request::get(path).body(Body::empty()).unwrap()).await.2
    }
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let fixture = Fixture::new();
    let url = fixture
        .ask("AmazonSQS.GetQueueUrl", json!({ "QueueName": "tasks" }))
        .await["QueueUrl"]
        .clone();
    assert_eq!(url, "http://localhost:4566/000000000000/tasks");
    let attributes = json!({ "k": { "DataType": "String", "StringValue": "v" } });
    let message = json!({ "QueueUrl": url, "MessageBody": "hello", "MessageAttributes": attributes });
    let sent = fixture.ask("AmazonSQS.SendMessage", message).await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    // The digested bytes: name, type and value, each after its length in four bytes; the value's type is 1.
    let digested = b"\0\0\0\x01k\0\0\0\x06String\x01\0\0\0\x01v";
    assert_eq!(sent["MD5OfMessageAttributes"], format!("{:x}", md5::compute(digested)));

    let receive = json!({ "QueueUrl": url, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"] });
    let received = fixture.ask("AmazonSQS.ReceiveMessage", receive.clone()).await["Messages"][0].clone();
    assert_eq!(
        (&received["Body"], &received["MessageAttributes"]),
        (&json!("hello"), &attributes)
    );
    assert_eq!(received["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(received["Attributes"]["ApproximateReceiveCount"], "1");
    fixture
        .ask(
            "AmazonSQS.DeleteMessage",
            json!({ "QueueUrl": url, "ReceiptHandle": received["ReceiptHandle"] }),
        )
        .await;
    assert_eq!(fixture.ask("AmazonSQS.ReceiveMessage", receive).await, json!({}));
}

#[tokio::test]
async fn the_answer_to_a_batch_lists_each_entry() {
    let fixture = Fixture::new();
    let entries = json!([{ "Id": "a", "MessageBody": "fine" }, { "Id": "b", "MessageBody": "" }]);
    let sent = fixture
        .ask(
            "AmazonSQS.SendMessageBatch",
            json!({ "QueueUrl": "tasks", "Entries": entries }),
        )
        .await;
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!(
        (&sent["Failed"][0]["Id"], &sent["Failed"][0]["SenderFault"]),
        (&json!("b"), &json!(true))
    );

    let twice = json!([{ "Id": "a", "MessageBody": "x" }, { "Id": "a", "MessageBody": "y" }]);
    let (status, body) = fixture
        .call(
            "AmazonSQS.SendMessageBatch",
            json!({ "QueueUrl": "tasks", "Entries": twice }),
        )
        .await;
    assert_eq!(
        (status, &body["__type"]),
        (
            StatusCode::BAD_REQUEST,
            &json!("com.amazonaws.sqs#BatchEntryIdsNotDistinct")
        )
    );
}

#[tokio::test]
async fn an_error_has_the_names_that_old_and_new_sdks_read() {
    let fixture = Fixture::new();
    let request = Request::post("/")
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .body(Body::from(r#"{"QueueName":"nowhere"}"#))
        .unwrap();
    let (status, headers, body) = fixture.answer(request).await;
    assert_eq!(
        (status, &body["__type"]),
        (StatusCode::BAD_REQUEST, &json!("com.amazonaws.sqs#QueueDoesNotExist"))
    );
    assert_eq!(
        headers["x-amzn-query-error"],
        "AWS.SimpleQueueService.NonExistentQueue;Sender"
    );
}

#[tokio::test]
async fn dead_letters_are_counted_and_redriven() {
    let fixture = Fixture::new();
    fixture
        .ask(
            "AmazonSQS.SendMessage",
            json!({ "QueueUrl": "tasks", "MessageBody": "poison" }),
        )
        .await;
    for _ in 0..2 {
        fixture
            .ask(
                "AmazonSQS.ReceiveMessage",
                json!({ "QueueUrl": "tasks", "VisibilityTimeout": 0 }),
            )
            .await;
    }
    let dead = json!({ "name": "dead", "visible": 1, "inFlight": 0, "delayed": 0, "isDeadLetterQueue": true });
    assert_eq!(fixture.get("/_local/queues").await[0], dead);

    let redrive = |name: &str| {
        Request::post(format!("/_local/queues/{name}/redrive"))
            .body(Body::empty())
            .unwrap()
    };
    let (status, _, body) = fixture.answer(redrive("tasks")).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "moved": 1, "failure": null })));
    assert_eq!(fixture.answer(redrive("nowhere")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_client_created_rule_sends_an_event_to_its_queue() {
    let fixture = Fixture::new();
    let pattern = json!({ "source": [{ "prefix": "sh" }] }).to_string();
    fixture
        .ask("AWSEvents.PutRule", json!({ "Name": "mine", "EventPattern": pattern }))
        .await;
    let targets = json!([{ "Id": "1", "Arn": crate::arn::queue("tasks") }, { "Id": "2", "Arn": "arn:aws:lambda:us-east-1:0:function:f" }]);
    let put = fixture
        .ask("AWSEvents.PutTargets", json!({ "Rule": "mine", "Targets": targets }))
        .await;
    assert_eq!(
        (&put["FailedEntryCount"], &put["FailedEntries"][0]["TargetId"]),
        (&json!(1), &json!("2"))
    );

    let entry = json!({ "Source": "shop", "DetailType": "SOLD", "Detail": "{\"a\":1}" });
    let put = fixture
        .ask(
            "AWSEvents.PutEvents",
            json!({ "Entries": [entry, { "Source": "shop" }] }),
        )
        .await;
    assert_eq!(
        (&put["FailedEntryCount"], &put["Entries"][1]["ErrorCode"]),
        (&json!(1), &json!("InvalidArgument"))
    );
    let received = fixture
        .ask("AmazonSQS.ReceiveMessage", json!({ "QueueUrl": "tasks" }))
        .await;
    let event: Value = serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&event["id"], &event["detail"]),
        (&put["Entries"][0]["EventId"], &json!({ "a": 1 }))
    );

    let events = fixture.get("/_local/events?after=0&wait=5").await;
    assert_eq!((&events[0]["event"], &events[0]["rules"]), (&event, &json!(["mine"])));
    let (status, _) = fixture
        .call("AWSEvents.PutEvents", json!({ "Entries": vec![json!({}); 11] }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn dynamodb_is_served_at_the_same_url() {
    let fixture = Fixture::new();
    let (status, body) = fixture.call("DynamoDB_20120810.ListTables", json!({})).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "TableNames": [] })));
    let (status, body) = fixture
        .call("DynamoDB_20120810.GetItem", json!({ "TableName": "none", "Key": {} }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
}

#[tokio::test]
async fn the_error_for_an_unknown_service_lists_the_supported_ones() {
    let fixture = Fixture::new();
    let (status, body) = fixture.call("Kinesis_20131202.PutRecord", json!({})).await;
    assert_eq!(
        (status, &body["__type"]),
        (StatusCode::BAD_REQUEST, &json!("UnknownOperationException"))
    );
    assert!(body["message"].as_str().unwrap().contains("EventBridge"), "{body}");

    let query = Request::post("/")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
        .body(Body::from("Action=SendMessage"))
        .unwrap();
    let (_, _, body) = fixture.answer(query).await;
    assert!(
        body["message"].as_str().unwrap().contains("update the client"),
        "{body}"
    );
    assert_eq!(fixture.get("/_local/health").await, json!({ "status": "ok" }));
}

#[tokio::test]
async fn a_message_carries_the_trace_of_the_request_that_sent_it() {
    let fixture = Fixture::new();
    let send = |request: Value| {
        let request = Request::post("/")
            .header("x-amz-target", "AmazonSQS.SendMessage")
            .header("x-amzn-trace-id", "Root=1-a-b;Lineage=c:1")
            .body(Body::from(request.to_string()))
            .unwrap();
        fixture.answer(request)
    };
    let attribute = |name: &str| json!({ name: {"DataType": "String", "StringValue": "Root=1-x-y"} });
    send(json!({"QueueUrl": "tasks", "MessageBody": "1"})).await;
    // A message's own attribute precedes the header.
    let (_, _, answer) = send(json!({
        "QueueUrl": "tasks", "MessageBody": "2", "MessageSystemAttributes": attribute("AWSTraceHeader"),
    }))
    .await;
    assert!(answer["MD5OfMessageSystemAttributes"].is_string(), "{answer}");
    let (status, _, _) = send(json!({
        "QueueUrl": "tasks", "MessageBody": "3", "MessageSystemAttributes": attribute("Other"),
    }))
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    fixture
        .ask(
            "AmazonSQS.SendMessage",
            json!({"QueueUrl": "tasks", "MessageBody": "4"}),
        )
        .await;

    let receive = json!({
        "QueueUrl": "tasks", "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["AWSTraceHeader"],
    });
    let received = fixture.ask("AmazonSQS.ReceiveMessage", receive).await;
    let traces: Vec<&Value> = received["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["Attributes"]["AWSTraceHeader"])
        .collect();
    assert_eq!(
        traces,
        [&json!("Root=1-a-b;Lineage=c:1"), &json!("Root=1-x-y"), &Value::Null]
    );
}

/// A request that any page can send without asking: no preflight, no special header.
#[tokio::test]
async fn a_foreign_page_reaches_the_bucket_and_nothing_else() {
    let fixture = Fixture::new();
    let from_page = |method: &str, path: &str, body: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost:4566")
            .header("origin", "http://evil.example")
            .header(CONTENT_TYPE, "text/plain")
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    for (method, path) in [
        ("POST", "/2015-03-31/functions/f/invocations"),
        (
            "POST",
            "/2015-03-31/functions/f/invocations?X-Amz-Credential=local/s3/aws4_request",
        ),
        ("POST", "/_local/queues/tasks/redrive"),
        ("GET", "/_local/events"),
        ("GET", "/_local/queues"),
        ("POST", "/"),
        ("OPTIONS", "/"),
    ] {
        let (status, _, body) = fixture.answer(from_page(method, path, "{}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {body}");
    }
    let mut with_target = from_page("POST", "/", r#"{"QueueName":"tasks"}"#);
    with_target
        .headers_mut()
        .insert("x-amz-target", "AmazonSQS.GetQueueUrl".parse().unwrap());
    assert_eq!(fixture.answer(with_target).await.0, StatusCode::FORBIDDEN);
    // S3 decides by signature and CORS rules, so that a page can upload with a presigned URL.
    let (status, _, body) = fixture
        .answer(from_page(
            "PUT",
            "/bucket/key?X-Amz-Credential=local/s3/aws4_request",
            "x",
        ))
        .await;
    assert_ne!(
        body["message"], "web pages may not send requests to this port",
        "{status}"
    );
}

#[tokio::test]
async fn a_bad_chunk_size_is_a_bad_request() {
    let fixture = Fixture::new();
    let port = serve_app(fixture.app.clone()).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: AmazonSQS.ListQueues\r\n";
    let bad = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n");
    let answer = exchange(port, &bad, false).await;
    assert!(
        answer.starts_with("http/1.1 400 ") && answer.contains("serializationexception"),
        "{answer}"
    );
    let good = format!("{head}content-length: 2\r\n\r\n{{}}");
    assert!(exchange(port, &good, true).await.starts_with("http/1.1 200 "));
}
