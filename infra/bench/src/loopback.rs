//! Listeners on loopback that send each answer at once.

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

pub type Loopback = TapIo<TcpListener, fn(&mut TcpStream)>;

pub async fn listen() -> std::io::Result<Loopback> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.tap_io(send_at_once))
}

/// Without this, the second part of an answer waits 40 ms for the acknowledgement of the first.
fn send_at_once(stream: &mut TcpStream) {
    // It fails only if the other side has gone already.
    let _ = stream.set_nodelay(true);
}
