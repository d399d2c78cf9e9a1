//! Requests on real connections, byte for byte.

use std::net::Ipv4Addr;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::guard::{self, Names};
use super::*;

const LIMIT: usize = 100;
/// An answer that takes a while, longer than the client needs to close its half of the connection.
const WORK: Duration = Duration::from_millis(100);

async fn echo(request: Request) -> impl IntoResponse {
    let body = to_bytes(request.into_body(), LIMIT).await;
    tokio::time::sleep(WORK).await;
    match body {
        Ok(body) => (StatusCode::OK, body).into_response(),
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

/// Serves an application on a free port, as long as the test runs.
pub(crate) async fn serve_app(app: Router) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve(listener, app, std::future::pending()));
    port
}

/// Serves an echo on a free port, under the port's own names and for its own pages.
async fn start() -> (u16, oneshot::Sender<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().route("/", post(echo)).route("/", get(async || "hello"));
    let app = guard::only_own_pages(app, Names::of_port(port));
    let app = guard::only_these_hosts(app, Names::of_port(port));
    let (close, closed) = oneshot::channel();
    tokio::spawn(serve(listener, app, async {
        let _ = closed.await;
    }));
    (port, close)
}

/// Sends text on a new connection, and returns everything that comes back until the server closes it.
pub(crate) async fn exchange(port: u16, sent: &str, half_close: bool) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream
        .write_all(sent.replace("PORT", &port.to_string()).as_bytes())
        .await
        .unwrap();
    if half_close {
        stream.shutdown().await.unwrap();
    }
    let mut received = Vec::new();
    let all = stream.read_to_end(&mut received);
    let _ = tokio::time::timeout(Duration::from_secs(20), all)
        .await
        .expect("the server closes the connection");
    String::from_utf8(received).unwrap().to_ascii_lowercase()
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn a_half_closed_request_gets_its_answer() {
    let (port, _close) = start().await;
    let whole = "POST / HTTP/1.1\r\nhost: localhost:PORT\r\ncontent-length: 5\r\n\r\nhello";
    let answer = exchange(port, whole, true).await;
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    let chunked =
        "POST / HTTP/1.1\r\nhost: localhost:PORT\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert!(exchange(port, chunked, true).await.ends_with("hello"));
}

#[tokio::test]
async fn an_answer_says_that_the_connection_closes() {
    let (port, _close) = start().await;
    let closes = |answer: &str| answer.contains("\r\nconnection: close\r\n");
    let large = "x".repeat(LIMIT + 1);
    for (case, head, body) in [
        // The rest of it is never read.
        ("a body over the limit", "content-length: 1000", large.as_str()),
        (
            "a bad chunk size",
            "transfer-encoding: chunked",
            "zz\r\nhello\r\n0\r\n\r\n",
        ),
        ("the client's wish", "content-length: 5\r\nconnection: close", "hello"),
        ("a refusal", "content-length: 5\r\norigin: http://evil.example", "hello"),
    ] {
        let sent = format!("POST / HTTP/1.1\r\nhost: localhost:PORT\r\n{head}\r\n\r\n{body}");
        // The connection stays open from the client's side, so only the server can close it.
        let answer = exchange(port, &sent, false).await;
        assert!(closes(&answer), "{case}: {answer}");
    }
    // A body over the limit that was read to its end leaves the connection open.
    let whole = "POST / HTTP/1.1\r\nhost: localhost:PORT\r\ncontent-length: 101\r\n";
    let again = "GET / HTTP/1.1\r\nhost: localhost:PORT\r\nconnection: close\r\n\r\n";
    let answers = exchange(port, &format!("{whole}\r\n{large}{again}"), false).await;
    assert!(
        answers.starts_with("http/1.1 413 ") && answers.ends_with("hello"),
        "{answers}"
    );
    // Two requests on one connection: the first answer leaves it open.
    let one = "POST / HTTP/1.1\r\nhost: localhost:PORT\r\ncontent-length: 5\r\n";
    let answers = exchange(
        port,
        &format!("{one}\r\nhello{one}connection: close\r\n\r\nworld"),
        false,
    )
    .await;
    let (first, second) = answers.split_once("hello").unwrap();
    assert!(!closes(first) && closes(second), "{answers}");
}

#[tokio::test]
async fn a_port_answers_only_under_its_own_names() {
    let (port, _close) = start().await;
    for (host, expected) in [
        ("localhost:PORT", 200),
        ("LocalHost:PORT", 200),
        ("127.0.0.1:PORT", 200),
        ("[::1]:PORT", 200),
        ("localhost", 403),
        ("localhost:1", 403),
        ("127.0.0.1", 403),
        ("evil.example:PORT", 403),
        ("localhost.evil.example:PORT", 403),
        ("127.0.0.1.evil.example:PORT", 403),
        ("evil.example", 403),
        ("", 403),
    ] {
        let sent = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&exchange(port, &sent, false).await), expected, "{host}");
    }
    for (case, sent, expected) in [
        ("no host", "GET / HTTP/1.1\r\n", 400),
        (
            "two hosts",
            "GET / HTTP/1.1\r\nhost: localhost:PORT\r\nhost: evil.example\r\n",
            400,
        ),
        (
            "a foreign host in the target",
            "GET http://evil.example/ HTTP/1.1\r\nhost: localhost:PORT\r\n",
            403,
        ),
        (
            "its own host in the target",
            "GET http://localhost:PORT/ HTTP/1.1\r\nhost: localhost:PORT\r\n",
            200,
        ),
    ] {
        let answer = exchange(port, &format!("{sent}connection: close\r\n\r\n"), false).await;
        assert_eq!(status(&answer), expected, "{case}");
    }
}

#[tokio::test]
async fn foreign_pages_are_refused() {
    let (port, _close) = start().await;
    for (origin, expected) in [
        ("http://localhost:PORT", 200),
        ("http://127.0.0.1:PORT", 200),
        ("http://[::1]:PORT", 200),
        ("https://localhost:PORT", 403),
        ("http://localhost", 403),
        ("http://localhost:1", 403),
        ("http://evil.example", 403),
        ("http://localhost:PORT.evil.example", 403),
        ("null", 403),
        ("", 403),
    ] {
        let sent = format!(
            "POST / HTTP/1.1\r\nhost: localhost:PORT\r\norigin: {origin}\r\ncontent-type: text/plain\r\n\
             content-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        assert_eq!(status(&exchange(port, &sent, false).await), expected, "{origin}");
    }
}

#[tokio::test]
async fn requests_that_run_are_answered_before_the_end() {
    let (port, close) = start().await;
    let sent = "POST / HTTP/1.1\r\nhost: localhost:PORT\r\ncontent-length: 5\r\n\r\nhello";
    let answer = tokio::spawn(async move { exchange(port, sent, false).await });
    tokio::time::sleep(WORK / 2).await;
    close.send(()).unwrap();
    assert!(answer.await.unwrap().ends_with("hello"));
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
}
