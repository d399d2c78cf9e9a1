//! Names of functions and queues on the command line.

use anyhow::{Result, bail};

use crate::template::STACK;

/// Finds a name among the `known` names. The stack's name at its start may be omitted.
pub fn find<'a>(what: &str, given: &str, known: &'a [String]) -> Result<&'a str> {
    let full = format!("{STACK}-{given}");
    let found = known
        .iter()
        .find(|name| *name == given)
        .or_else(|| known.iter().find(|name| **name == full));
    match found {
        Some(name) => Ok(name),
        None => bail!("there is no {what} `{given}`; known names: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_with_and_without_the_stacks_name() {
        let known = ["local-f".to_owned(), "g".to_owned()];
        assert_eq!(find("function", "f", &known).unwrap(), "local-f");
        assert_eq!(find("function", "local-f", &known).unwrap(), "local-f");
        assert_eq!(find("function", "g", &known).unwrap(), "g");
        let error = find("function", "h", &known).unwrap_err().to_string();
        assert_eq!(error, "there is no function `h`; known names: local-f, g");
    }
}
