//! The trace header, as far as Lambda's detection of recursive loops needs it: its part `Lineage` counts how often each function was
//! invoked in a chain of requests. SDKs in functions send the header with every request, and SQS hands it on with a message.

use std::fmt::Write;

use uuid::Uuid;

/// Lambda stops a chain after about this many invocations of one function.
const LONGEST_CHAIN: u32 = 16;
/// The header's name in requests of SDKs.
pub const HEADER: &str = "x-amzn-trace-id";

/// A chain of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    root: String,
    /// For each function by a digest of its name: how often the chain has invoked it.
    lineage: Vec<(String, u32)>,
}

impl Trace {
    /// The chain that a header describes, or a new one.
    pub fn of(header: Option<&str>) -> Self {
        let part = |name: &str| {
            let mut parts = header?.split(';').filter_map(|part| part.split_once('='));
            let (_, value) = parts.find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
            Some(value.trim())
        };
        let entry = |entry: &str| {
            let (function, count) = entry.rsplit_once(':')?;
            Some((function.to_owned(), count.parse().ok()?))
        };
        let lineage = part("Lineage").map(|lineage| lineage.split('|').filter_map(entry).collect());
        Self {
            root: part("Root").map_or_else(new_root, str::to_owned),
            lineage: lineage.unwrap_or_default(),
        }
    }

    /// How often the chain has invoked a function.
    pub fn invocations(&self, function: &str) -> u32 {
        let digest = digest(function);
        let mut counts = self.lineage.iter().filter(|(known, _)| *known == digest);
        counts.next().map_or(0, |(_, count)| *count)
    }

    /// Whether the chain has invoked a function so often that Lambda takes it for a loop.
    pub fn is_loop(&self, function: &str) -> bool {
        self.invocations(function) >= LONGEST_CHAIN
    }

    /// The header for one more invocation of a function.
    pub fn header_for(&self, function: &str) -> String {
        let mut header = format!("Root={};Parent={};Sampled=0;Lineage=", self.root, &new_id()[..16]);
        let count = self.invocations(function).saturating_add(1);
        let digest = digest(function);
        let _ = write!(header, "{digest}:{count}");
        for (other, count) in self.lineage.iter().filter(|(known, _)| *known != digest) {
            let _ = write!(header, "|{other}:{count}");
        }
        header
    }
}

fn digest(function: &str) -> String {
    let digest = format!("{:x}", md5::compute(function));
    digest[..8].to_owned()
}

fn new_root() -> String {
    format!("1-{:08x}-{}", chrono::Utc::now().timestamp(), &new_id()[..24])
}

/// 32 random hexadecimal digits.
fn new_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_counts_the_invocations_of_each_function() {
        let mut trace = Trace::of(None);
        let root = trace.root.clone();
        for (function, count) in [("a", 1), ("b", 1), ("a", 2), ("a", 3)] {
            trace = Trace::of(Some(&trace.header_for(function)));
            assert_eq!(trace.invocations(function), count);
        }
        assert_eq!((trace.invocations("b"), trace.invocations("c")), (1, 0));
        assert_eq!(trace.root, root);
        assert_ne!(Trace::of(None).root, root);
    }

    #[test]
    fn a_function_is_in_a_loop_from_its_sixteenth_invocation_on() {
        let mut trace = Trace::of(Some(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;lineage=garbage|:",
        ));
        for _ in 0..16 {
            assert!(!trace.is_loop("f"));
            trace = Trace::of(Some(&trace.header_for("f")));
        }
        assert!(trace.is_loop("f") && !trace.is_loop("g"));
    }
}
