//! A port that is reserved before the local cloud listens there. Until then, clients are refused at once instead of waiting.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, anyhow};
use tokio::net::{TcpListener, TcpSocket};

use crate::server::guard::Names;

pub struct Port {
    socket: TcpSocket,
    address: SocketAddr,
    option: &'static str,
}

impl Port {
    pub fn reserve(port: u16, option: &'static str) -> Result<Self> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let reserve = || -> std::io::Result<Self> {
            let socket = TcpSocket::new_v4()?;
            // Otherwise the port of a stopped local cloud would stay blocked for a while.
            socket.set_reuseaddr(true)?;
            socket.bind(wanted)?;
            Ok(Self {
                address: socket.local_addr()?,
                socket,
                option,
            })
        };
        reserve().map_err(|error| unusable(wanted.port(), option, error))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn names(&self) -> Names {
        Names::of_port(self.address.port())
    }

    pub fn listen(self) -> Result<TcpListener> {
        self.socket
            .listen(1024)
            .map_err(|error| unusable(self.address.port(), self.option, error))
    }
}

fn unusable(port: u16, option: &str, error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("port {port} is in use; choose another with {option}, or any free one with {option} 0")
        }
        _ => anyhow!(error).context(format!("could not use port {port} ({option})")),
    }
}
