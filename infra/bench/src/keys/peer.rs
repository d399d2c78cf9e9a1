//! The peer's folder, if its packages are installed there.

use crate::process::pinned;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub struct Peer(PathBuf);

impl Peer {
    pub fn find() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
        folder.join("node_modules").is_dir().then_some(Self(folder))
    }

    /// One of its programs, on the core that is measured.
    pub fn node(&self, script: &str) -> Command {
        let mut command = pinned("node");
        command.arg(self.0.join(script)).env("NODE_ENV", "production");
        command
    }
}
