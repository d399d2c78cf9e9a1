//! Rules: those of the template, and those that clients create.

use super::pattern::Pattern;
use crate::plan;
use crate::store::Store;

pub struct Rule {
    pub declared: plan::Rule,
    pub pattern: Pattern,
    /// Declared by the template rather than created by a client.
    pub in_template: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// `shape` is the error's name in the EventBridge API.
    #[error("{message}")]
    Refused { shape: &'static str, message: String },
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl RuleError {
    pub fn refused(shape: &'static str, message: impl Into<String>) -> RuleError {
        RuleError::Refused {
            shape,
            message: message.into(),
        }
    }

    pub fn no_rule(name: &str, bus: &str) -> RuleError {
        RuleError::refused(
            "ResourceNotFoundException",
            format!("Rule {name} does not exist on EventBus {bus}."),
        )
    }

    pub fn no_bus(name: &str) -> RuleError {
        RuleError::refused("ResourceNotFoundException", format!("Event bus {name} does not exist."))
    }
}

/// The rules of the template, and those that clients created in this or an earlier run.
pub fn load(store: &Store, template: &[plan::Rule]) -> anyhow::Result<Vec<Rule>> {
    let created: Vec<String> = store.read(|connection| {
        connection
            .prepare("SELECT rule FROM rules ORDER BY bus, name")?
            .query_map([], |row| row.get(0))?
            .collect()
    })?;
    let created = created
        .iter()
        .map(|rule| serde_json::from_str(rule))
        .collect::<Result<Vec<plan::Rule>, _>>()?;
    let of_template = template.iter().map(|rule| (rule.clone(), true));
    // A rule of the template replaces a client's rule with the same name.
    let is_replaced = |created: &plan::Rule| {
        template
            .iter()
            .any(|rule| rule.bus == created.bus && rule.name == created.name)
    };
    let created = created
        .into_iter()
        .filter(|rule| !is_replaced(rule))
        .map(|rule| (rule, false));
    of_template
        .chain(created)
        .map(|(declared, in_template)| {
            let pattern = Pattern::parse(&declared.pattern)
                .map_err(|error| anyhow::anyhow!("rule {}: the event pattern is not valid: {error}", declared.name))?;
            Ok(Rule {
                declared,
                pattern,
                in_template,
            })
        })
        .collect()
}
