//! Listeners on loopback, whose answers go out at once.

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

pub type Loopback = TapIo<TcpListener, fn(&mut TcpStream)>;

pub async fn listen() -> std::io::Result<Loopback> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.tap_io(send_at_once))
}

/// Else an answer in two parts waits for the first one's acknowledgement: 40 ms.
fn send_at_once(stream: &mut TcpStream) {
    // It fails only where the other side has gone already.
    let _ = stream.set_nodelay(true);
}
