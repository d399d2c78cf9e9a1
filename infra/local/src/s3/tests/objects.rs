//! Putting, reading, copying, listing, expiring and serving objects.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};

use super::{Fixture, fixture};
use crate::store::now_ms;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_put_object_is_read_back_unchanged() {
    let (_folder, fixture) = fixture();
    let headers = [
        ("cache-control", "max-age=60"),
        ("content-type", "image/png"),
        ("x-amz-meta-by", "me"),
        ("x-amz-tagging", "state=new&a%20b=c"),
    ];
    fixture.put("a%20b/%C3%A9.png", &headers, "hello").await;
    for method in ["GET", "HEAD"] {
        let (status, headers, body) = fixture.ask(method, "/pictures/a%20b/%C3%A9.png", &[], "").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, if method == "GET" { "hello" } else { "" });
        assert_eq!(headers["etag"], "\"5d41402abc4b2a76b9719d911017c592\"");
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["cache-control"], "max-age=60");
        assert_eq!(headers["content-length"], "5");
        assert_eq!(headers["x-amz-meta-by"], "me");
        assert!(headers.contains_key("last-modified"));
    }
    let (_, _, tags) = fixture.ask("GET", "/pictures/a%20b/%C3%A9.png?tagging", &[], "").await;
    assert!(
        tags.contains("<Key>a b</Key><Value>c</Value>") && tags.contains("<Key>state</Key>"),
        "{tags}"
    );
}

#[tokio::test]
async fn missing_objects_and_buckets_are_not_found() {
    let (_folder, fixture) = fixture();
    for (target, code) in [("/pictures/none", "NoSuchKey"), ("/elsewhere/none", "NoSuchBucket")] {
        let (status, _, body) = fixture.ask("GET", target, &[], "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
    }
    assert_eq!(
        fixture.ask("HEAD", "/elsewhere", &[], "").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(fixture.ask("HEAD", "/pictures", &[], "").await.0, StatusCode::OK);
    let (status, _, body) = fixture.ask("GET", "/", &[], "").await;
    assert_eq!((status, body.contains("<Name>pictures</Name>")), (StatusCode::OK, true));
}

#[tokio::test]
async fn a_range_reads_a_part_and_an_empty_object_has_no_range() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "hello").await;
    fixture.put("empty", &[], "").await;
    for (range, content, said) in [
        ("bytes=1-2", "el", "bytes 1-2/5"),
        ("bytes=3-99", "lo", "bytes 3-4/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
    ] {
        let (status, headers, body) = fixture.ask("GET", "/pictures/a", &[("range", range)], "").await;
        assert_eq!((status, body.as_str()), (StatusCode::PARTIAL_CONTENT, content));
        assert_eq!(headers["content-range"], said);
    }
    for (key, range) in [("a", "bytes=5-"), ("empty", "bytes=0-15"), ("empty", "bytes=-1")] {
        let target = format!("/pictures/{key}");
        let (status, _, body) = fixture.ask("GET", &target, &[("range", range)], "").await;
        assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE, "{key} {range}");
        assert!(body.contains("<Code>InvalidRange</Code>"), "{body}");
    }
}

#[tokio::test]
async fn conditions_are_checked() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "hello").await;
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    for (method, header, value, expected) in [
        ("GET", "if-match", etag, StatusCode::OK),
        ("GET", "if-match", "\"0\"", StatusCode::PRECONDITION_FAILED),
        ("GET", "if-none-match", etag, StatusCode::NOT_MODIFIED),
        ("HEAD", "if-match", "\"0\"", StatusCode::PRECONDITION_FAILED),
        ("PUT", "if-none-match", "*", StatusCode::PRECONDITION_FAILED),
        ("PUT", "if-match", etag, StatusCode::OK),
    ] {
        let (status, ..) = fixture.ask(method, "/pictures/a", &[(header, value)], "").await;
        assert_eq!(status, expected, "{method} {header}: {value}");
    }
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_attributes_and_tags() {
    let (_folder, fixture) = fixture();
    let headers = [("content-type", "text/plain"), ("x-amz-tagging", "state=new")];
    fixture.put("a%20b", &headers, "hello").await;
    let from = ("x-amz-copy-source", "pictures/a%20b");
    let stale = [from, ("x-amz-copy-source-if-match", "\"0\"")];
    let (status, ..) = fixture.ask("PUT", "/pictures/b", &stale, "").await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(fixture.get("b").await.0, StatusCode::NOT_FOUND);

    fixture.put("b", &[from], "").await;
    let (_, headers, body) = fixture.get("b").await;
    assert_eq!(
        (headers["content-type"].as_bytes(), body.as_str()),
        (&b"text/plain"[..], "hello")
    );
    let tags = fixture.ask("GET", "/pictures/b?tagging", &[], "").await.2;
    assert!(tags.contains("<Value>new</Value>"), "{tags}");

    let replaced = [
        from,
        ("x-amz-copy-source-if-match", "\"5d41402abc4b2a76b9719d911017c592\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("x-amz-tagging", "state=kept"),
        ("content-type", "image/png"),
        ("cache-control", "immutable"),
    ];
    let (status, _, body) = fixture.ask("PUT", "/pictures/c", &replaced, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.contains("<CopyObjectResult>") && body.contains("5d41402a"),
        "{body}"
    );
    let (_, headers, _) = fixture.get("c").await;
    assert_eq!(
        (headers["content-type"].as_bytes(), headers["cache-control"].as_bytes()),
        (&b"image/png"[..], &b"immutable"[..])
    );
    let tags = fixture.ask("GET", "/pictures/c?tagging", &[], "").await.2;
    assert!(tags.contains("<Value>kept</Value>"), "{tags}");
    let none = [("x-amz-copy-source", "pictures/none")];
    assert_eq!(
        fixture.ask("PUT", "/pictures/d", &none, "").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn deleted_objects_are_gone_and_can_be_deleted_again() {
    let (_folder, fixture) = fixture();
    for key in ["a", "b", "c"] {
        fixture.put(key, &[], "x").await;
    }
    for _ in 0..2 {
        let (status, ..) = fixture.ask("DELETE", "/pictures/a", &[], "").await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    let keys = "<Delete><Object><Key>b</Key></Object><Object><Key>none</Key></Object></Delete>";
    let (status, _, body) = fixture.ask("POST", "/pictures?delete", &[], keys).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(
        body.contains("<Key>b</Key>") && body.contains("<Key>none</Key>"),
        "{body}"
    );
    let list = fixture.ask("GET", "/pictures?list-type=2", &[], "").await.2;
    assert!(
        list.contains("<KeyCount>1</KeyCount>") && list.contains("<Key>c</Key>"),
        "{list}"
    );
}

#[tokio::test]
async fn tags_are_put_and_deleted() {
    let (_folder, fixture) = fixture();
    fixture.put("a", &[], "x").await;
    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    let (status, _, body) = fixture.ask("PUT", "/pictures/a?tagging", &[], tags).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(
        fixture
            .ask("GET", "/pictures/a?tagging", &[], "")
            .await
            .2
            .contains("<Key>k</Key><Value>v</Value>")
    );
    let (status, ..) = fixture.ask("DELETE", "/pictures/a?tagging", &[], "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(
        !fixture
            .ask("GET", "/pictures/a?tagging", &[], "")
            .await
            .2
            .contains("<Key>")
    );
    let (status, ..) = fixture.ask("PUT", "/pictures/none?tagging", &[], tags).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_continues_after_the_last_page() {
    let (_folder, fixture) = fixture();
    for key in ["a/1", "a/2", "b", "c%25_d/1", "d"] {
        fixture.put(key, &[], "x").await;
    }
    let mut query = "delimiter=%2F&list-type=2&max-keys=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (_, _, body) = fixture.ask("GET", &format!("/pictures?{query}"), &[], "").await;
        let values = |element: &str| -> Vec<String> {
            let (open, close) = (format!("<{element}>"), format!("</{element}>"));
            let rest = body.split(&open).skip(1);
            rest.filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned()))
                .collect()
        };
        seen.push(
            [values("Key"), values("Prefix")]
                .concat()
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>(),
        );
        let Some(token) = values("NextContinuationToken").pop() else {
            break;
        };
        query = format!("continuation-token={token}&delimiter=%2F&list-type=2&max-keys=2");
    }
    assert_eq!(seen, [vec!["b", "a/"], vec!["d", "c%_d/"]]);
    let list = fixture.ask("GET", "/pictures?list-type=2&prefix=a%2F", &[], "").await.2;
    assert!(list.contains("<KeyCount>2</KeyCount>"), "{list}");
    let list = fixture
        .ask("GET", "/pictures?encoding-type=url&list-type=2&prefix=c%25_", &[], "")
        .await
        .2;
    assert!(list.contains("<Key>c%25_d/1</Key>"), "{list}");
}

#[tokio::test]
async fn objects_survive_a_restart() {
    let (folder, fixture) = fixture();
    fixture.put("a", &[("content-type", "image/png")], "hello").await;
    drop(fixture);
    let (status, headers, body) = Fixture::open(folder.path()).get("a").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "hello"));
    assert_eq!(headers["content-type"], "image/png");
}

#[tokio::test]
async fn only_expired_objects_are_deleted() {
    let (_folder, fixture) = fixture();
    fixture.put("uploads/a", &[], "x").await;
    fixture
        .put("shown/new", &[("x-amz-tagging", "state=new&more=1")], "x")
        .await;
    fixture.put("shown/kept", &[("x-amz-tagging", "state=kept")], "x").await;
    let left = async || {
        let body = fixture.ask("GET", "/pictures?list-type=2", &[], "").await.2;
        let keys = body.split("<Key>").skip(1);
        keys.map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let now = now_ms();
    for (at, expected) in [
        (now + DAY_MS - 60_000, vec!["shown/kept", "shown/new", "uploads/a"]),
        (now + DAY_MS + 60_000, vec!["shown/kept", "shown/new"]),
        (now + 2 * DAY_MS + 60_000, vec!["shown/kept"]),
        (now + 900 * DAY_MS, vec!["shown/kept"]),
    ] {
        fixture.s3.delete_expired(at).unwrap();
        assert_eq!(left().await, expected);
    }
}

#[tokio::test]
async fn the_distribution_serves_only_objects_below_its_path() {
    let (_folder, fixture) = fixture();
    let headers = [("cache-control", "immutable"), ("content-type", "image/png")];
    fixture.put("shown/a%20b.png", &headers, "hello").await;
    fixture.put("uploads/a.png", &headers, "secret").await;
    let get = |path: &str| Request::get(format!("/_cdn/{path}")).body(Body::empty()).unwrap();
    let (status, headers, body) = fixture.send(get("a%20b.png?v=1")).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "hello"));
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["cache-control"], "immutable");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let etag = headers["etag"].clone();

    let mut known = get("a%20b.png");
    known.headers_mut().insert("if-none-match", etag);
    let (status, _, body) = fixture.send(known).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let mut head = get("a%20b.png");
    *head.method_mut() = Method::HEAD;
    let (status, headers, body) = fixture.send(head).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    assert_eq!(headers["content-length"], "5");

    for path in [
        "none",
        "",
        "uploads/a.png",
        "../uploads/a.png",
        "%2e%2e/uploads/a.png",
        "..%2fuploads%2fa.png",
        "/uploads/a.png",
    ] {
        let (status, _, body) = fixture.send(get(path)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(!body.contains("secret"));
    }
    let mut put = get("a.png");
    *put.method_mut() = Method::PUT;
    assert_eq!(fixture.send(put).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
