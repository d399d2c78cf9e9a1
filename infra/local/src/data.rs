//! The data folder: its lock, the paths of its files, and `ready.json`, which tells the subcommands the URLs of the running
//! local cloud.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
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

/// Held as long as the local cloud runs. The system releases it, no matter how the process ends.
pub struct Lock {
    _file: File,
}

/// The content of `ready.json`.
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
        fs::create_dir_all(&self.path)
            .with_context(|| format!("could not create the data folder {}", self.path.display()))
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

    /// The folder with one file for each running function process.
    pub fn processes(&self) -> PathBuf {
        self.path.join(PROCESSES)
    }

    /// Reserves the folder for this process.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        // A subcommand that checks the lock holds it for a moment, so try several times.
        let mut tries = 0..10;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries.next().is_some() => {
                    std::thread::sleep(Duration::from_millis(20))
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    file.read_to_string(&mut holder).context("could not read the lock")?;
                    bail!(
                        "another local cloud (process {}) runs in {}; stop it, or choose another folder with --data",
                        holder.trim(),
                        self.path.display()
                    );
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("could not lock {}", path.display()));
                }
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .with_context(|| format!("could not write {}; is the disk full?", path.display()))?;
        Ok(Lock { _file: file })
    }

    /// Whether a local cloud runs in this folder. The process id is not enough: it may belong to another process by now.
    fn is_locked(&self) -> bool {
        let file = File::open(self.path.join(LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Deletes the data, but keeps the identity, so that existing tokens stay valid. Deletes only files of the local cloud,
    /// because `--data` may name any folder.
    pub fn clear(&self, _lock: &Lock) -> Result<()> {
        ignore_missing(fs::remove_dir_all(self.path.join(LOGS)))?;
        ignore_missing(fs::remove_file(self.path.join(READY)))?;
        for database in [DYNAMODB, STORE] {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                ignore_missing(fs::remove_file(self.path.join(format!("{database}{suffix}"))))?;
            }
        }
        Ok(())
    }

    /// Writes `ready.json`, in one step: readers see the whole file or none.
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
        let path = self.path.join(READY);
        let text = match fs::read_to_string(&path) {
            // Without the lock, the file belongs to a local cloud that was killed.
            Ok(text) if self.is_locked() => text,
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
            _ if self.is_locked() => bail!("the local cloud in {} is still starting", self.path.display()),
            _ => bail!(
                "no local cloud runs in {}; start one with `cargo local`",
                self.path.display()
            ),
        };
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }
}

/// Writes a file in one step. Only its owner may read it.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        private_file(&partial)?.write_all(text.as_bytes())?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// Like [`write_private`], but keeps an existing file.
pub fn write_private_once(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        private_file(&partial)?.write_all(text.as_bytes())?;
        // Unlike a rename, a hard link does not replace an existing file.
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
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
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

    fn ready() -> Ready {
        Ready {
            api_url: "http://a".into(),
            aws_url: "http://b".into(),
            admin_token: "t".into(),
            pid: 1,
        }
    }

    #[test]
    fn a_second_lock_is_refused_and_the_error_names_the_process() {
        let (_root, folder) = folder();
        let lock = folder.lock().unwrap();
        let refusal = folder.lock().err().unwrap().to_string();
        assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
        drop(lock);
        folder.lock().unwrap();
    }

    #[test]
    fn a_ready_file_without_a_lock_is_ignored() {
        let (_root, folder) = folder();
        let refusal = || folder.running().unwrap_err().to_string();
        assert!(refusal().contains("no local cloud runs"));
        let lock = folder.lock().unwrap();
        assert!(refusal().contains("still starting"));
        folder.write_ready(&ready()).unwrap();
        assert_eq!(folder.running().unwrap().api_url, "http://a");
        drop(lock);
        assert!(refusal().contains("no local cloud runs"));
    }

    #[test]
    fn clearing_keeps_the_identity_and_other_files() {
        let (_root, folder) = folder();
        let lock = folder.lock().unwrap();
        for name in ["identity.json", "holiday.jpg", "cloud.db", "cloud.db-wal", "ready.json"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.logs()).unwrap();
        folder.clear(&lock).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["holiday.jpg", "identity.json", "lock"]);
    }
}
