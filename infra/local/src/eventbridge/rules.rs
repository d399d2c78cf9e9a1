//! Rules: the template's, and those that clients make beside them.

use std::sync::PoisonError;

use serde_json::Value;

use super::EventBus;
use super::pattern::Pattern;
use crate::plan::{self, Target};
use crate::store::Store;

pub struct Rule {
    pub told: plan::Rule,
    pub pattern: Pattern,
    /// Of the template rather than made by a client.
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

    pub fn no_bus(name: &str) -> RuleError {
        RuleError::refused("ResourceNotFoundException", format!("Event bus {name} does not exist."))
    }
}

fn no_rule(name: &str, bus: &str) -> RuleError {
    RuleError::refused(
        "ResourceNotFoundException",
        format!("Rule {name} does not exist on EventBus {bus}."),
    )
}

/// The template's rules and those that clients made in this or an earlier run.
pub fn load(store: &Store, template: &[plan::Rule]) -> anyhow::Result<Vec<Rule>> {
    let made: Vec<String> = store.read(|connection| {
        connection
            .prepare("SELECT rule FROM rules ORDER BY bus, name")?
            .query_map([], |row| row.get(0))?
            .collect()
    })?;
    let made = made
        .iter()
        .map(|rule| serde_json::from_str(rule))
        .collect::<Result<Vec<plan::Rule>, _>>()?;
    let of_template = template.iter().map(|rule| (rule.clone(), true));
    // A template that grew a rule of the same name has taken it over.
    let taken = |made: &plan::Rule| {
        template
            .iter()
            .any(|rule| rule.bus == made.bus && rule.name == made.name)
    };
    let made = made.into_iter().filter(|rule| !taken(rule)).map(|rule| (rule, false));
    of_template
        .chain(made)
        .map(|(told, in_template)| {
            let pattern = Pattern::parse(&told.pattern)
                .map_err(|error| anyhow::anyhow!("rule {}: the event pattern is not valid: {error}", told.name))?;
            Ok(Rule {
                told,
                pattern,
                in_template,
            })
        })
        .collect()
}

impl EventBus {
    /// Makes a rule or changes it; its targets stay.
    pub fn put_rule(&self, bus: &str, name: &str, pattern: Value, enabled: bool) -> Result<(), RuleError> {
        let read = Pattern::parse(&pattern).map_err(|error| {
            RuleError::refused(
                "InvalidEventPatternException",
                format!("Event pattern is not valid. Reason: {error}"),
            )
        })?;
        let targets = match self.rule(bus, name) {
            Ok(existing) => existing.targets,
            Err(_) => Vec::new(),
        };
        let told = plan::Rule {
            name: name.to_owned(),
            bus: bus.to_owned(),
            pattern,
            enabled,
            targets,
        };
        self.keep(Rule {
            told,
            pattern: read,
            in_template: false,
        })
    }

    /// Changes the targets of a rule that a client made.
    pub fn set_targets(&self, bus: &str, name: &str, change: impl FnOnce(&mut Vec<Target>)) -> Result<(), RuleError> {
        let mut told = self.rule(bus, name)?;
        change(&mut told.targets);
        if told.targets.len() > 5 {
            return Err(RuleError::refused(
                "LimitExceededException",
                "A rule can have at most 5 targets.",
            ));
        }
        let pattern = Pattern::parse(&told.pattern).map_err(|error| anyhow::anyhow!("rule {name}: {error}"))?;
        self.keep(Rule {
            told,
            pattern,
            in_template: false,
        })
    }

    fn keep(&self, rule: Rule) -> Result<(), RuleError> {
        let plan::Rule { bus, name, .. } = &rule.told;
        self.check_not_in_template(bus, name)?;
        let text = serde_json::to_string(&rule.told).map_err(anyhow::Error::new)?;
        self.store.write(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO rules (bus, name, rule) VALUES (?1, ?2, ?3)",
                (bus, name, &text),
            )
        })?;
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|other| (&other.told.bus, &other.told.name) != (bus, name));
        rules.push(rule);
        Ok(())
    }

    pub fn delete_rule(&self, bus: &str, name: &str) -> Result<(), RuleError> {
        self.check_not_in_template(bus, name)?;
        if self.rule(bus, name).is_ok_and(|rule| !rule.targets.is_empty()) {
            return Err(RuleError::refused(
                "ValidationException",
                "Rule can't be deleted since it has targets.",
            ));
        }
        self.store
            .write(|transaction| transaction.execute("DELETE FROM rules WHERE bus = ?1 AND name = ?2", [bus, name]))?;
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|rule| rule.told.bus != bus || rule.told.name != name);
        Ok(())
    }

    fn check_not_in_template(&self, bus: &str, name: &str) -> Result<(), RuleError> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        if rules
            .iter()
            .any(|rule| rule.in_template && rule.told.bus == bus && rule.told.name == name)
        {
            let message = format!("{name} is a rule of the template: change it there.");
            return Err(RuleError::refused("ValidationException", message));
        }
        Ok(())
    }

    pub fn rule(&self, bus: &str, name: &str) -> Result<plan::Rule, RuleError> {
        self.rules(bus)
            .into_iter()
            .find(|rule| rule.name == name)
            .ok_or_else(|| no_rule(name, bus))
    }

    /// The rules of a bus, by name.
    pub fn rules(&self, bus: &str) -> Vec<plan::Rule> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut rules: Vec<_> = rules
            .iter()
            .map(|rule| rule.told.clone())
            .filter(|rule| rule.bus == bus)
            .collect();
        rules.sort_by(|one, other| one.name.cmp(&other.name));
        rules
    }
}
