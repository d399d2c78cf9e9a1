//! Serves HTTP on the local cloud's ports: the connections, and the names under which the ports answer.

mod close;
pub mod guard;

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// The pause after a connection that could not be accepted, such as with too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `closed` resolves, and then until the requests that run are answered.
///
/// `axum::serve` drops a request whose client has closed its half of the connection. API Gateway and AWS answer it.
pub async fn serve(listener: TcpListener, app: Router, closed: impl Future<Output = ()> + Send) {
    let app = app.layer(from_fn(close::announce));
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.half_close(true);
    let mut closed = pin!(closed);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut closed => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Without Nagle's algorithm, which would delay small answers.
        let _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
        let connection = connections.watch(connection);
        // An error of a connection is its client's.
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
pub(crate) mod tests;
