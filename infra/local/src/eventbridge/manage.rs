//! Creating, changing, describing and deleting rules.

use std::sync::PoisonError;

use serde_json::Value;

use super::bus::EventBus;
use super::pattern::Pattern;
use super::rules::{Rule, RuleError};
use crate::plan::{self, Target};

impl EventBus {
    /// Creates or changes a rule. An existing rule keeps its targets.
    pub fn put_rule(&self, bus: &str, name: &str, pattern: Value, enabled: bool) -> Result<(), RuleError> {
        let parsed = Pattern::parse(&pattern).map_err(|error| {
            RuleError::refused(
                "InvalidEventPatternException",
                format!("Event pattern is not valid. Reason: {error}"),
            )
        })?;
        let targets = match self.rule(bus, name) {
            Ok(existing) => existing.targets,
            Err(_) => Vec::new(),
        };
        let declared = plan::Rule {
            name: name.to_owned(),
            bus: bus.to_owned(),
            pattern,
            enabled,
            targets,
        };
        self.keep(Rule {
            declared,
            pattern: parsed,
            in_template: false,
        })
    }

    /// Changes the targets of a rule that a client created.
    pub fn set_targets(&self, bus: &str, name: &str, change: impl FnOnce(&mut Vec<Target>)) -> Result<(), RuleError> {
        let mut declared = self.rule(bus, name)?;
        change(&mut declared.targets);
        if declared.targets.len() > 5 {
            return Err(RuleError::refused(
                "LimitExceededException",
                "A rule can have at most 5 targets.",
            ));
        }
        let pattern = Pattern::parse(&declared.pattern).map_err(|error| anyhow::anyhow!("rule {name}: {error}"))?;
        self.keep(Rule {
            declared,
            pattern,
            in_template: false,
        })
    }

    fn keep(&self, rule: Rule) -> Result<(), RuleError> {
        let plan::Rule { bus, name, .. } = &rule.declared;
        self.check_not_in_template(bus, name)?;
        let text = serde_json::to_string(&rule.declared).map_err(anyhow::Error::new)?;
        self.store.write(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO rules (bus, name, rule) VALUES (?1, ?2, ?3)",
                (bus, name, &text),
            )
        })?;
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|other| (&other.declared.bus, &other.declared.name) != (bus, name));
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
        rules.retain(|rule| rule.declared.bus != bus || rule.declared.name != name);
        Ok(())
    }

    fn check_not_in_template(&self, bus: &str, name: &str) -> Result<(), RuleError> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        if rules
            .iter()
            .any(|rule| rule.in_template && rule.declared.bus == bus && rule.declared.name == name)
        {
            let message = format!("The template declares the rule {name}: change it there.");
            return Err(RuleError::refused("ValidationException", message));
        }
        Ok(())
    }

    pub fn rule(&self, bus: &str, name: &str) -> Result<plan::Rule, RuleError> {
        self.rules(bus)
            .into_iter()
            .find(|rule| rule.name == name)
            .ok_or_else(|| RuleError::no_rule(name, bus))
    }

    /// The rules of a bus, sorted by name.
    pub fn rules(&self, bus: &str) -> Vec<plan::Rule> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut rules: Vec<_> = rules
            .iter()
            .map(|rule| rule.declared.clone())
            .filter(|rule| rule.bus == bus)
            .collect();
        rules.sort_by(|one, other| one.name.cmp(&other.name));
        rules
    }
}
