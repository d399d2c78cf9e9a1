//! The error for a property that cannot be resolved.

use std::fmt;

/// Why a property cannot be resolved, and which one.
#[derive(Debug)]
pub struct Unresolved {
    /// The keys that lead to the property, the innermost first.
    path: Vec<String>,
    message: String,
}

impl Unresolved {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            message: message.into(),
        }
    }

    /// The same error, one level further out.
    pub fn under(mut self, key: &str) -> Self {
        self.path.push(key.to_owned());
        self
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        write!(f, "{}: {}", path.join("."), self.message)
    }
}

impl std::error::Error for Unresolved {}
