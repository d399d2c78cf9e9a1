//! Output to the terminal or a pipe.

use std::io::{self, Write};

/// Prints a line. Unlike `println!`, this returns an error if the reader has closed the pipe.
pub fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
