//! The functions' output, in one log per function. Warnings and errors also appear on the terminal.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// A log of this size is renamed to `<function>.log.1`, which replaces the one before it.
const LARGEST_LOG: u64 = 10 * 1024 * 1024;
/// A longer line is split.
const LONGEST_LINE: u64 = 256 * 1024;
/// The shortest time between two notices, so that a function that fails in a loop does not flood the terminal.
const BETWEEN_NOTICES: Duration = Duration::from_secs(2);

pub fn path(folder: &Path, function: &str) -> PathBuf {
    folder.join(format!("{function}.log"))
}

/// The functions that have a log: every function that a local cloud has run from this folder.
pub fn functions(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names
}

#[derive(Clone)]
pub struct Log {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    function: String,
    path: PathBuf,
    file: File,
    size: u64,
    last_notice: Option<Instant>,
}

impl Log {
    /// Opens a function's log. The file exists from then on, even if the function never runs, because `cargo local logs`
    /// reads the functions' names from the folder.
    pub fn open(folder: &Path, function: &str) -> Result<Self> {
        let path = path(folder, function);
        let (file, size) = open(&path).with_context(|| format!("could not open the log {}", path.display()))?;
        let inner = Inner {
            function: function.to_owned(),
            path,
            file,
            size,
            last_notice: None,
        };
        Ok(Self {
            inner: Arc::new(Mutex::new(inner)),
        })
    }

    /// Copies `output` to the log, line by line, until it ends.
    pub async fn copy(self, output: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            // An error means that the process has ended too.
            match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if line.last() != Some(&b'\n') {
                line.push(b'\n');
            }
            let problem = problem(&line);
            let mut inner = self.lock();
            inner.write(&line);
            if let Some(problem) = problem {
                inner.notice(&problem);
            }
        }
    }

    /// Writes a message of the local cloud to the log and to the terminal.
    pub fn report(&self, message: &str) {
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let mut inner = self.lock();
        inner.write(format!("{now} local cloud: {message}\n").as_bytes());
        inner.notice(message);
    }

    /// The last lines of the log, for an error message.
    pub fn tail(&self, lines: usize) -> String {
        let text = fs::read(&self.lock().path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, line: &[u8]) {
        if self.size + line.len() as u64 > LARGEST_LOG {
            let rotated = fs::rename(&self.path, self.path.with_extension("log.1")).and_then(|()| open(&self.path));
            if let Ok((file, size)) = rotated {
                (self.file, self.size) = (file, size);
            }
        }
        // If the disk is full, the line is lost: the function's work matters more than its log.
        if self.file.write_all(line).is_ok() {
            self.size += line.len() as u64;
        }
    }

    fn notice(&mut self, message: &str) {
        if self.last_notice.is_some_and(|last| last.elapsed() < BETWEEN_NOTICES) {
            return;
        }
        self.last_notice = Some(Instant::now());
        const LONGEST_NOTICE: usize = 160;
        let mut short: String = message.chars().take(LONGEST_NOTICE).collect();
        if short.len() < message.len() {
            short.push('…');
        }
        eprintln!("! {}: {short}  (cargo local logs {})", self.function, self.function);
    }
}

fn open(path: &Path) -> std::io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// A short message for a line that reports a warning or an error: JSON with such a level, plain text with such a word, or a
/// panic.
fn problem(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) {
        let level = fields.get("level")?.as_str()?;
        if !matches!(level.to_ascii_uppercase().as_str(), "ERROR" | "WARN" | "WARNING") {
            return None;
        }
        let message = fields.get("message").or_else(|| fields.get("fields")?.get("message"));
        return Some(format!("{level} {}", message.and_then(Value::as_str).unwrap_or(text)));
    }
    let is_problem = text.contains("panicked at")
        || text
            .split_whitespace()
            .take(3)
            .any(|word| word == "ERROR" || word == "WARN");
    is_problem.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_recognised_in_json_and_in_plain_text() {
        assert_eq!(
            problem(br#"{"level":"ERROR","fields":{"message":"no table"}}"#).unwrap(),
            "ERROR no table"
        );
        assert_eq!(problem(br#"{"level":"WARN","message":"slow"}"#).unwrap(), "WARN slow");
        assert_eq!(problem(br#"{"level":"INFO","message":"ERROR in the text"}"#), None);
        assert!(problem(b"thread 'main' panicked at src/main.rs:3:5:").is_some());
        assert!(problem(b"2026-01-01T00:00:00Z ERROR boom").is_some());
        assert_eq!(problem(b"all is well"), None);
    }

    #[tokio::test]
    async fn output_is_logged_and_a_full_log_is_renamed() {
        let root = tempfile::tempdir().unwrap();
        let log = Log::open(root.path(), "f").unwrap();
        log.clone().copy(&b"one\ntwo\nthree"[..]).await;
        assert_eq!(log.tail(2), "two\nthree");
        log.lock().size = LARGEST_LOG;
        log.clone().copy(&b"four\n"[..]).await;
        assert_eq!(log.tail(9), "four");
        assert_eq!(
            fs::read_to_string(root.path().join("f.log.1")).unwrap(),
            "one\ntwo\nthree\n"
        );
    }
}
