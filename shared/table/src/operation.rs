//! The grants that a repository method needs and the codes with which it refuses. They are declared beside the method, and named by the
//! functions that call it.

use crate::keys::{Family, Index};
use domain::Code;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    GetItem,
    BatchGetItem,
    PutItem,
    UpdateItem,
    DeleteItem,
    ConditionCheckItem,
    BatchWriteItem,
    Query,
}

impl Action {
    /// Its name in an IAM policy, after `dynamodb:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
            Self::ConditionCheckItem => "ConditionCheckItem",
            Self::BatchWriteItem => "BatchWriteItem",
            Self::Query => "Query",
        }
    }

    const fn writes(self) -> bool {
        match self {
            Self::PutItem | Self::UpdateItem | Self::DeleteItem | Self::BatchWriteItem => true,
            Self::GetItem | Self::BatchGetItem | Self::ConditionCheckItem | Self::Query => false,
        }
    }
}

/// An action on a family of keys, in the table or in an index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Grant {
    pub action: Action,
    pub family: Family,
    pub index: Option<Index>,
}

impl Grant {
    pub const fn on(family: Family, action: Action) -> Self {
        Self {
            action,
            family,
            index: None,
        }
    }

    pub const fn query(index: Index, family: Family) -> Self {
        Self {
            action: Action::Query,
            family,
            index: Some(index),
        }
    }
}

/// The grants on the items of customers. Most operations need no others.
pub(crate) mod on_customer {
    use super::{Action, Family, Grant};

    pub const GET: Grant = Grant::on(Family::Customer, Action::GetItem);
    pub const BATCH_GET: Grant = Grant::on(Family::Customer, Action::BatchGetItem);
    pub const QUERY: Grant = Grant::on(Family::Customer, Action::Query);
    pub const CHECK: Grant = Grant::on(Family::Customer, Action::ConditionCheckItem);
    pub const PUT: Grant = Grant::on(Family::Customer, Action::PutItem);
    pub const UPDATE: Grant = Grant::on(Family::Customer, Action::UpdateItem);
    pub const DELETE: Grant = Grant::on(Family::Customer, Action::DeleteItem);
}

/// A repository method, as functions name it in their declarations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The policy of a calling function must grant these.
    pub grants: &'static [Grant],
    /// The codes with which the method refuses. Codes that follow from the endpoint's shape are not repeated: `NOT_FOUND` for a key in the
    /// path, `VERSION_MISMATCH` if it takes `If-Match`.
    pub codes: &'static [Code],
    /// Whether concurrent requests can make it fail with `CONFLICT`, after all its attempts.
    contends: bool,
}

impl Operation {
    /// The grants of several operations, each once, in order.
    pub fn grants_of(operations: &[Self]) -> Vec<Grant> {
        let grants: BTreeSet<Grant> = operations
            .iter()
            .flat_map(|operation| operation.grants)
            .copied()
            .collect();
        grants.into_iter().collect()
    }

    pub const fn new(grants: &'static [Grant], codes: &'static [Code]) -> Self {
        Self {
            grants,
            codes,
            contends: true,
        }
    }

    /// Its writes may fail unnoticed.
    pub const fn without_contention(mut self) -> Self {
        self.contends = false;
        self
    }

    pub fn contends(&self) -> bool {
        self.contends && self.grants.iter().any(|grant| grant.action.writes())
    }
}
