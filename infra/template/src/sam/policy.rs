//! Grants as statements of an IAM policy: an action is allowed only on the families of keys that were granted with it.

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

/// The actions of transactions. AWS does not document whether `dynamodb:LeadingKeys` holds the keys of one action of a transaction or
/// of all of them. Each of these actions is therefore allowed on the families of all of them: exact to the function, not to the action.
const IN_TRANSACTIONS: &[Action] = &[
    Action::PutItem,
    Action::UpdateItem,
    Action::DeleteItem,
    Action::ConditionCheckItem,
];

/// The grants as few statements: actions that are granted on the same families share one.
pub fn statements(grants: &[Grant]) -> Vec<Statement> {
    let mut families: BTreeMap<(Option<Index>, Action), Vec<Family>> = BTreeMap::new();
    let written = grants.iter().filter(|grant| IN_TRANSACTIONS.contains(&grant.action));
    let together = written.clone().flat_map(|grant| {
        written.clone().map(|other| Grant {
            family: other.family,
            ..*grant
        })
    });
    let alone = grants
        .iter()
        .filter(|grant| !IN_TRANSACTIONS.contains(&grant.action))
        .copied();
    for grant in together.chain(alone) {
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
        // `ForAllValues` alone would also allow a request that names no key.
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
    fn the_actions_of_a_transaction_share_their_families_and_reads_have_their_own() {
        let grants = [
            Grant::on(Family::Customer, Action::GetItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Customer, Action::PutItem),
            Grant::on(Family::Idempotency, Action::PutItem),
            Grant::on(Family::Idempotency, Action::GetItem),
            Grant::on(Family::Tenant, Action::ConditionCheckItem),
            Grant::query(Index::Customers, Family::CustomerList),
        ];
        let on = |index, actions: &[Action], families: &[Family]| Statement {
            index,
            actions: actions.to_vec(),
            families: families.to_vec(),
        };
        assert_eq!(
            statements(&grants),
            [
                on(None, &[Action::GetItem], &[Family::Customer, Family::Idempotency]),
                on(
                    None,
                    &[Action::PutItem, Action::ConditionCheckItem],
                    &[Family::Customer, Family::Tenant, Family::Idempotency]
                ),
                on(Some(Index::Customers), &[Action::Query], &[Family::CustomerList]),
            ]
        );
    }
}
