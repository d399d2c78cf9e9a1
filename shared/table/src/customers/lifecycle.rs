//! Deactivating and reactivating customers, and the deactivation log.

use super::{Customers, error_of};
use crate::{
    Action, Change, Grant, Operation, PageRequest,
    attempt::retry,
    audit::entry_item,
    entities::DEACTIVATION,
    expression::Expression,
    item::{Item, s},
    keys::{self, Family},
    operation::on_customer::{GET, PUT, QUERY, UPDATE},
    query::Query,
    stored::item,
};
use domain::{
    Code, Error, Kind, Result, Tenant,
    audit::{AuditEntry, Subject, changed_fields},
    customer::{Customer, Deactivation},
    deactivation::{DeactivationKey, DeactivationRequest, LoggedDeactivation},
    entity::to_value,
};

impl Customers<'_> {
    pub const DEACTIVATE: Operation = Operation::new(
        &[GET, PUT, Grant::on(Family::Audit, Action::PutItem)],
        &[Code::CustomerDisabled],
    );
    /// Deactivates the customer and writes the log and audit entries, in one transaction. `authorize` checks the current customer.
    pub async fn deactivate(
        &self,
        tenant: Tenant,
        request: &DeactivationRequest,
        authorize: impl Fn(&Customer) -> Result<()>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Customer> {
        let window_ends_at = request.window(change.now)?;
        let authorize = &authorize;
        retry(|| async move {
            let before = self.expect(tenant, expected).await?;
            authorize(&before)?;
            // A customer that is disabled with its client can also be deactivated. Then enabling the client does not enable it.
            if before.deactivation.is_some() {
                return Err(Error::CustomerDisabled);
            }
            let mut after = before.clone();
            after.deactivate(Deactivation {
                deactivated_at: change.now,
                deactivated_by: change.actor.id.clone(),
                window_ends_at,
            });
            after.meta.changed(change.now, &change.actor);
            let logged = LoggedDeactivation {
                key: DeactivationKey::derived(change.now, &tenant.key().to_string()),
                deactivated_at: change.now,
                deactivated_by: change.actor.id.clone(),
                window_ends_at,
                feedback: request.feedback.clone(),
                request_id: change.request_id.clone(),
                reactivated_at: None,
            };
            let log_key = keys::deactivation(tenant.key(), change.now);
            let tx = self
                .replace(&before, &after, change)?
                .put(
                    "log",
                    item(&log_key, DEACTIVATION.name, &logged, change)?,
                    Expression::default(),
                )
                .put(
                    "audit",
                    audit_item("CUSTOMER_DEACTIVATED", &before, &after, change)?,
                    Expression::default(),
                );
            tx.remember_answer(200, &after, after.meta.version)?
                .commit_or_retry(expected, error_of, after)
                .await
        })
        .await
    }

    pub const REACTIVATE: Operation = Operation::new(
        &[GET, PUT, UPDATE, Grant::on(Family::Audit, Action::PutItem)],
        &[Code::Conflict, Code::ReactivationWindowClosed],
    );
    /// Reactivates the customer and completes its log entry, if its window is still open.
    pub async fn reactivate(&self, tenant: Tenant, expected: Option<u64>, change: &Change) -> Result<Customer> {
        retry(|| async move {
            let before = self.expect(tenant, expected).await?;
            let Some(deactivation) = &before.deactivation else {
                let reason = match before.is_disabled_by_parent {
                    true => {
                        "the customer is disabled with the client that it is the account of, and is enabled with it"
                    }
                    false => "the customer is not deactivated",
                };
                return Err(Error::Conflict {
                    field: "isDisabled",
                    reason,
                });
            };
            if deactivation.window_ends_at < change.now {
                return Err(Error::ReactivationWindowClosed);
            }
            let mut after = before.clone();
            after.reactivate();
            after.meta.changed(change.now, &change.actor);
            let log_key = keys::deactivation(tenant.key(), deactivation.deactivated_at);
            let reactivated =
                Expression::new("reactivatedAt = :reactivatedAt").with(":reactivatedAt", s(change.now.to_string()));
            let tx = self
                .replace(&before, &after, change)?
                .amend("log", &log_key, reactivated)
                .put(
                    "audit",
                    audit_item("CUSTOMER_REACTIVATED", &before, &after, change)?,
                    Expression::default(),
                );
            tx.remember_answer(200, &after, after.meta.version)?
                .commit_or_retry(expected, error_of, after)
                .await
        })
        .await
    }

    pub const DEACTIVATIONS: Operation = Operation::new(&[QUERY, GET], &[]);
    /// The deactivation log, newest first.
    pub async fn deactivations(
        &self,
        tenant: Tenant,
        request: &PageRequest,
    ) -> Result<(Vec<LoggedDeactivation>, Option<String>)> {
        let query = Query::of_owner(tenant.itself())
            .starting_with(keys::DEACTIVATION_PREFIX)
            .newest_first();
        self.0.page_of_children(tenant.itself(), &query, request).await
    }
}

fn audit_item(action: &str, before: &Customer, after: &Customer, change: &Change) -> Result<Item> {
    let subject = Subject {
        kind: Customer::KIND.name.into(),
        key: after.key.to_string(),
    };
    let changed = changed_fields(&to_value(before)?, &to_value(after)?);
    let entry = AuditEntry::of_change(
        action,
        subject,
        after.meta.version,
        change.now,
        &change.actor,
        &change.request_id,
        changed,
    );
    entry_item(after.key, &entry)
}
