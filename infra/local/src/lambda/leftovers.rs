//! Function processes that survived a killed local cloud.
//!
//! A function exits when its Runtime API is gone, but only after its current invocation. So the local cloud writes a note for
//! every process that it starts, and the next start ends the processes that still run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// A note about a running process. It is removed when this is dropped.
pub struct Note {
    path: Option<PathBuf>,
}

impl Note {
    pub fn write(folder: &Path, pid: Option<u32>, binary: &Path) -> Result<Self> {
        // A process that has ended already needs no note.
        let Some(pid) = pid else { return Ok(Self { path: None }) };
        let path = folder.join(pid.to_string());
        fs::write(&path, binary.display().to_string())
            .with_context(|| format!("could not write {}; is the disk full?", path.display()))?;
        Ok(Self { path: Some(path) })
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // If this fails, the next start checks and removes the note.
            let _ = fs::remove_file(path);
        }
    }
}

/// Ends the processes that an earlier local cloud of this folder left running. Returns their number.
pub fn end_all(folder: &Path) -> Result<usize> {
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    let mut ended = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let path = entry?.path();
        let pid = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw);
        let binary = fs::read_to_string(&path).unwrap_or_default();
        // The id may belong to another process by now: only a process that runs the noted binary is ended.
        if let Some(pid) = pid.filter(|pid| !binary.is_empty() && runs(*pid, &binary)) {
            ended += usize::from(kill_process_group(pid, Signal::KILL).is_ok());
        }
        fs::remove_file(&path).with_context(|| format!("could not remove {}", path.display()))?;
    }
    Ok(ended)
}

fn runs(pid: Pid, binary: &str) -> bool {
    // Both Linux and macOS have `ps`.
    let output = Command::new("ps")
        .args(["-o", "command=", "-p", &pid.as_raw_nonzero().to_string()])
        .output();
    output.is_ok_and(|output| is_command_of(&String::from_utf8_lossy(&output.stdout), binary))
}

/// Whether a command line runs the binary. A longer name that starts with the binary's name is another binary.
fn is_command_of(command: &str, binary: &str) -> bool {
    let rest = command.trim_start().strip_prefix(binary);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn a_binary_with_a_longer_name_is_another_binary() {
        assert!(is_command_of("/target/debug/keys\n", "/target/debug/keys"));
        assert!(is_command_of("/target/debug/keys --flag", "/target/debug/keys"));
        assert!(!is_command_of("/target/debug/keys-list", "/target/debug/keys"));
    }

    #[test]
    fn only_a_process_that_runs_the_noted_binary_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let forget = |note: Note| std::mem::forget(note);

        forget(Note::write(folder.path(), Some(sleep.id()), Path::new("/another/binary")).unwrap());
        assert_eq!(end_all(folder.path()).unwrap(), 0);
        assert!(sleep.try_wait().unwrap().is_none());

        forget(Note::write(folder.path(), Some(sleep.id()), Path::new("sleep")).unwrap());
        assert_eq!(end_all(folder.path()).unwrap(), 1);
        assert!(!sleep.wait().unwrap().success());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
