//! The data folder: who runs in it, where things lie in it, and `ready.json`, through which the subcommands find the cloud.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

const LOCK: &str = "lock";
const READY: &str = "ready.json";
const LOGS: &str = "logs";
const PROCESSES: &str = "processes";
const DYNAMODB: &str = "dynamodb.db";
const STORE: &str = "cloud.db";

#[derive(Clone, Debug)]
pub struct DataFolder {
    path: PathBuf,
}

/// Held as long as the local cloud runs; the system lets go of it however the process ends.
pub struct Lock {
    _file: File,
}

/// What `ready.json` says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    pub api_url: String,
    pub aws_url: String,
    pub admin_token: String,
    pub pid: u32,
}

impl DataFolder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn create(&self) -> Result<()> {
        fs::create_dir_all(&self.path).with_context(|| format!("could not make the data folder {}", self.path.display()))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn dynamodb(&self) -> PathBuf {
        self.path.join(DYNAMODB)
    }

    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    pub fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    /// One file a running function process, so that leftovers of a killed local cloud can be found.
    pub fn processes(&self) -> PathBuf {
        self.path.join(PROCESSES)
    }

    /// Takes the folder for this process.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).context("could not read the lock")?;
                bail!(
                    "a local cloud (process {}) already runs in {}; stop it, or choose another folder with --data",
                    holder.trim(),
                    self.path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("could not lock {}", path.display()));
            }
        }
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()))?;
        Ok(Lock { _file: file })
    }

    /// Empties the folder of everything but the identity, so that tokens printed before stay good.
    /// Only what the local cloud itself put there goes: `--data` may have been pointed anywhere.
    pub fn clear(&self, _lock: &Lock) -> Result<()> {
        for folder in [LOGS, PROCESSES] {
            ignore_missing(fs::remove_dir_all(self.path.join(folder)))?;
        }
        ignore_missing(fs::remove_file(self.path.join(READY)))?;
        for database in [DYNAMODB, STORE] {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                ignore_missing(fs::remove_file(self.path.join(format!("{database}{suffix}"))))?;
            }
        }
        Ok(())
    }

    /// Says that requests are answered. Readers see the whole file or none.
    pub fn write_ready(&self, ready: &Ready) -> Result<()> {
        let mut text = serde_json::to_string_pretty(ready)?;
        text.push('\n');
        write_private(&self.path.join(READY), &text)
    }

    pub fn remove_ready(&self) -> Result<()> {
        ignore_missing(fs::remove_file(self.path.join(READY)))
    }

    /// The local cloud that runs in this folder.
    pub fn running(&self) -> Result<Ready> {
        let nobody = || format!("no local cloud runs in {}; start one with `cargo local`", self.path.display());
        let path = self.path.join(READY);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(nobody()),
            read => read.with_context(|| format!("could not read {}", path.display()))?,
        };
        let ready: Ready = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        // Left behind by a local cloud that was killed.
        if !is_alive(ready.pid) {
            bail!(nobody());
        }
        Ok(ready)
    }
}

pub fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Writes a file that only its owner may read, in one step.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        private_file(&partial)?.write_all(text.as_bytes())?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// Like [`write_private`], unless the file is there already.
pub fn write_private_once(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        private_file(&partial)?.write_all(text.as_bytes())?;
        // Unlike a rename, a link leaves an existing file alone.
        let linked = fs::hard_link(&partial, path);
        fs::remove_file(&partial)?;
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn ignore_missing(result: std::io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("could not empty the data folder"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(root.path().join("data"));
        folder.create().unwrap();
        (root, folder)
    }

    fn ready(pid: u32) -> Ready {
        Ready { api_url: "http://a".into(), aws_url: "http://b".into(), admin_token: "t".into(), pid }
    }

    #[test]
    fn a_second_holder_is_refused_with_the_first_ones_pid() {
        let (_root, folder) = folder();
        let lock = folder.lock().unwrap();
        let refusal = folder.lock().err().unwrap().to_string();
        assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
        drop(lock);
        folder.lock().unwrap();
    }

    #[test]
    fn a_ready_file_of_a_dead_process_is_stale() {
        let (_root, folder) = folder();
        assert!(folder.running().is_err());
        folder.write_ready(&ready(std::process::id())).unwrap();
        assert_eq!(folder.running().unwrap().api_url, "http://a");
        folder.write_ready(&ready(i32::MAX as u32)).unwrap();
        assert!(folder.running().unwrap_err().to_string().contains("no local cloud runs"));
    }

    #[test]
    fn clearing_keeps_the_identity_and_foreign_files() {
        let (_root, folder) = folder();
        let lock = folder.lock().unwrap();
        for name in ["identity.json", "holiday.jpg", "cloud.db", "cloud.db-wal", "ready.json"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.logs()).unwrap();
        folder.clear(&lock).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["holiday.jpg", "identity.json", "lock"]);
    }
}
