//! The commands of `cargo local` that people type, the front page, and the names under which the ports answer.

use super::Cloud;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

fn invoke(cloud: &Cloud, arguments: &[&str]) -> Value {
    let answer = cloud.cli(&[&["invoke"], arguments].concat());
    serde_json::from_str(&answer).unwrap()
}

/// The body of a function's answer to an HTTP request.
fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[test]
fn invoke_takes_the_sample_and_fills_in_a_token() {
    let cloud = Cloud::start();
    let created = invoke(&cloud, &["create-customer"]);
    assert_eq!(created["statusCode"], 201, "{created}");
    let created = body(&created);
    let key = created["key"].as_str().unwrap();
    // Nobody has the key of the sample: the function looked for it, so it accepted the token.
    assert_eq!(invoke(&cloud, &["get-customer"])["statusCode"], 404);

    // A file gets a token too, with the claims that the options name.
    let sample = std::fs::read_to_string(super::cloud::root().join("events/get-customer.json")).unwrap();
    let file = cloud.data().join("payload.json");
    std::fs::write(&file, sample.replace("cus_01kb1v0c1tfr2v6krscysfnvgb", key)).unwrap();
    let file = file.to_str().unwrap();
    let answer = invoke(&cloud, &["get-customer", file]);
    assert_eq!(
        (&answer["statusCode"], &body(&answer)["key"]),
        (&200.into(), &key.into())
    );
    let own = ["get-customer", file, "--role", "Member", "--customer", key];
    assert_eq!(invoke(&cloud, &own)["statusCode"], 200);
    let foreign = [
        "get-customer",
        file,
        "--role",
        "Member",
        "--customer",
        "cus_01kb1v0c1tfr2v6krscysfnvgb",
    ];
    assert_eq!(body(&invoke(&cloud, &foreign))["code"], "KEY_MISMATCH");
    let of_client = [&own[..], &["--client", "cli_01kb1v0c1tfr2v6krscysfnvgb"]].concat();
    assert_eq!(body(&invoke(&cloud, &of_client))["code"], "KEY_MISMATCH");
    let none = invoke(&cloud, &["get-customer", file, "--role", "ClientViewer"]);
    assert_eq!(body(&none)["code"], "FORBIDDEN");
}

#[test]
fn events_are_json_in_a_pipe() {
    let cloud = Cloud::start();
    cloud.customer("Acme");
    super::cloud::wait_for("the event", || !cloud.cli(&["events"]).is_empty());
    for arguments in [&["events"][..], &["events", "--json"]] {
        let printed = cloud.cli(arguments);
        let event: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
        assert_eq!(event["detail-type"], "CUSTOMER_CREATED");
        // The template names these parts as the columns of a terminal.
        for pointer in ["/detail/entity/key", "/detail/actor/id", "/detail/requestId"] {
            assert!(
                event.pointer(pointer).is_some_and(Value::is_string),
                "{pointer}: {event}"
            );
        }
    }
}

#[test]
fn the_front_page_says_what_is_where() {
    let cloud = Cloud::start();
    let (status, headers, page) = cloud.fetch("GET", &format!("{}/", cloud.api_url()), &[], b"");
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    let page: Value = serde_json::from_slice(&page).unwrap();
    assert_eq!(page["api"], cloud.api_url());
    assert_eq!(page["aws"], cloud.aws_url());
    assert_eq!(page["data"], cloud.data().to_str().unwrap());
    assert!(page["commands"]["cargo local invoke"].is_string(), "{page}");
    let (status, _, document) = cloud.fetch("GET", page["documents"]["OpenAPI"].as_str().unwrap(), &[], b"");
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!((status, &document["openapi"]), (200, &"3.1.0".into()));
    let (status, headers, html) = cloud.fetch("GET", &format!("{}/", cloud.api_url()), &[("accept", "text/html")], b"");
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    assert!(String::from_utf8(html).unwrap().contains(&cloud.aws_url()));
}

/// Sends text on a new connection of its own, closes the client's half of it, and returns the answer.
fn exchange(url: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_web_page_reaches_the_local_cloud_only_through_cors() {
    let cloud = Cloud::start();
    let aws = cloud.aws_url();
    let port = |url: &str| url.rsplit_once(':').unwrap().1.to_owned();
    let queues = || cloud.cli(&["queues"]);
    let before = queues();
    let send = |url: &str, method: &str, path: &str, head: &str| {
        let body = "{\"Records\":[]}";
        let request = format!(
            "{method} {path} HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n{head}\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(url, &request);
        answer
            .split(' ')
            .nth(1)
            .unwrap()
            .parse::<u16>()
            .unwrap_or_else(|_| panic!("{answer}"))
    };
    let own = format!("host: localhost:{}", port(&aws));
    let function = "/2015-03-31/functions/local-table-stream/invocations";
    // The same request succeeds from a program, which shows that the refusals below have another cause.
    assert_eq!(send(&aws, "POST", function, &own), 200);
    for foreign in [
        format!("{own}\r\norigin: http://evil.example"),
        format!("{own}\r\norigin: null"),
        format!("{own}\r\norigin: {}", cloud.api_url()),
        format!("host: evil.example:{}", port(&aws)),
        "host: evil.example\r\norigin: http://evil.example".to_owned(),
    ] {
        for (method, path) in [
            ("POST", function),
            ("POST", "/"),
            ("POST", "/_local/queues/local-create-customer-location/redrive"),
            ("GET", "/_local/events"),
        ] {
            assert_eq!(send(&aws, method, path, &foreign), 403, "{method} {path} {foreign}");
        }
    }
    assert_eq!(queues(), before);

    // The API: a foreign host is refused, and a foreign origin only reads what CORS allows.
    let api = cloud.api_url();
    let verify = "/v1/api-keys/verify";
    assert_eq!(
        send(&api, "POST", verify, &format!("host: evil.example:{}", port(&api))),
        403
    );
    assert_eq!(
        send(&api, "POST", verify, &format!("host: localhost:{}", port(&api))),
        415
    );
    let from_page = format!("host: localhost:{}\r\norigin: http://evil.example", port(&api));
    assert_eq!(send(&api, "POST", verify, &from_page), 415);
}

#[test]
fn a_half_closed_post_gets_its_answer() {
    let cloud = Cloud::start();
    let body = r#"{"type":"Business","name":"Acme","isTenantCustomer":true}"#;
    let host = cloud.api_url().replace("http://", "");
    let request = format!(
        "POST /v1/customers HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        cloud.admin(),
        body.len()
    );
    let answer = exchange(&cloud.api_url(), &request);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(answer.contains("\"name\":\"Acme\""), "{answer}");
}
