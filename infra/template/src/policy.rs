//! Grants as statements of an IAM policy: each action only on the families of keys that it was granted for.

use runtime::{Grant, spec::Action};
use std::collections::BTreeMap;
use table::keys::{Family, Index};

/// Actions on the table or one of its indexes, and the partition keys that they may touch.
#[derive(PartialEq, Debug)]
pub struct Statement {
    pub index: Option<Index>,
    pub actions: Vec<Action>,
    pub families: Vec<Family>,
}

/// As few statements as say exactly the grants: actions that are granted for the same families share one.
pub fn statements(grants: &[Grant]) -> Vec<Statement> {
    let mut families: BTreeMap<(Option<Index>, Action), Vec<Family>> = BTreeMap::new();
    for grant in grants {
        let known = families.entry((grant.index, grant.action)).or_default();
        if !known.contains(&grant.family) {
            known.push(grant.family);
            known.sort();
        }
    }
    let mut statements: Vec<Statement> = Vec::new();
    for ((index, action), families) in families {
        let same = statements
            .iter_mut()
            .find(|s| s.index == index && s.families == families);
        match same {
            Some(statement) => statement.actions.push(action),
            None => statements.push(Statement {
                index,
                actions: vec![action],
                families,
            }),
        }
    }
    statements
}

impl Statement {
    pub fn yaml(&self) -> String {
        let actions: Vec<String> = self
            .actions
            .iter()
            .map(|action| format!("dynamodb:{}", action.name()))
            .collect();
        let resource = match self.index {
            None => "!GetAtt Table.Arn".to_owned(),
            Some(index) => format!("!Sub '${{Table.Arn}}/index/{}'", index.name()),
        };
        let patterns: Vec<String> = self
            .families
            .iter()
            .map(|family| format!("'{}'", family.pattern()))
            .collect();
        // `ForAllValues` alone would also let through a request that names no key.
        format!(
            "\
- Effect: Allow
  Action: [{}]
  Resource: {resource}
  Condition:
    ForAllValues:StringLike: {{dynamodb:LeadingKeys: [{}]}}
    'Null': {{dynamodb:LeadingKeys: 'false'}}
",
            actions.join(", "),
            patterns.join(", "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_with_the_same_families_share_a_statement_and_others_do_not() {
        let grants = [
            Grant::on(Family::Customer, Action::GetItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Once, Action::PutItem),
            Grant::on(Family::Once, Action::GetItem),
            Grant::on(Family::Tenant, Action::ConditionCheckItem),
            Grant::query(Index::Tenants, Family::Tenant),
        ];
        let on = |index, actions: &[Action], families: &[Family]| Statement {
            index,
            actions: actions.to_vec(),
            families: families.to_vec(),
        };
        assert_eq!(
            statements(&grants),
            [
                on(
                    None,
                    &[Action::GetItem, Action::PutItem],
                    &[Family::Customer, Family::Once]
                ),
                on(None, &[Action::ConditionCheckItem], &[Family::Tenant]),
                on(Some(Index::Tenants), &[Action::Query], &[Family::Tenant]),
            ]
        );
    }
}
