//! Deactivating and reactivating customers, and the deactivation log.

use super::{Customers, error_of, tenant_claim};
use crate::{
    Action, Change, Grant, Operation, PageRequest,
    attempt::{Attempt, attempted, retry, retry_from},
    audit::entry_item,
    entities::DEACTIVATION,
    expression::Expression,
    item::{Item, s},
    keys::{self, Family},
    operation::on_customer::{GET, PUT, QUERY, UPDATE},
    query::Query,
    stored::item,
    write::{Failed, Transaction, expect_version},
};
use domain::{
    Code, CustomerKey, Error, Kind, Result, Tenant,
    audit::{AuditEntry, Subject, changed_fields},
    customer::{Customer, Deactivation},
    deactivation::{DeactivatedBy, DeactivationRequest, Feedback, LoggedDeactivation},
    entity::to_value,
};

impl Customers<'_> {
    pub const DEACTIVATE: Operation = Operation::new(
        &[
            GET,
            PUT,
            Grant::on(Family::Audit, Action::PutItem),
            Grant::on(Family::Tenant, Action::PutItem),
        ],
        &[Code::CustomerDisabled],
    );
    /// Deactivates the customer and writes the log and audit entries, in one transaction. `authorize` checks the current customer.
    pub async fn deactivate(
        &self,
        tenant: Tenant,
        by: DeactivatedBy,
        request: &DeactivationRequest,
        authorize: impl Fn(&Customer) -> Result<()>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Customer> {
        let window_ends_at = request.window(change.now)?;
        let authorize = &authorize;
        retry(|| async move {
            let before = self.get(tenant).await?;
            authorize(&before)?;
            expect_version(expected, before.meta.version)?;
            // A customer that is disabled with its client can also be deactivated. Then enabling the client does not enable it.
            if before.deactivation.is_some() {
                return Err(Error::CustomerDisabled);
            }
            let deactivation = Deactivation {
                deactivated_at: change.now,
                deactivated_by: change.actor.id.clone(),
                by,
                window_ends_at,
            };
            let log = log_item(tenant.key(), &deactivation, request.feedback.clone(), change)?;
            let mut after = before.clone();
            after.deactivate(deactivation);
            after.meta.changed(change.now, &change.actor);
            let tx = self
                .replace_with_claim(&before, &after, change)?
                .put("log", log, Expression::default())
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
        &[
            GET,
            PUT,
            UPDATE,
            Grant::on(Family::Audit, Action::PutItem),
            Grant::on(Family::Tenant, Action::PutItem),
        ],
        &[Code::Conflict, Code::ReactivationWindowClosed],
    );
    /// Reactivates the customer, if its window is still open. `authorize` checks the current deactivation.
    pub async fn reactivate(
        &self,
        tenant: Tenant,
        authorize: impl Fn(&Deactivation) -> Result<()>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Customer> {
        let authorize = &authorize;
        retry_from(true, |has_log| async move {
            let before = self.get(tenant).await?;
            if let Some(deactivation) = &before.deactivation {
                authorize(deactivation)?;
            }
            expect_version(expected, before.meta.version)?;
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
            let mut tx = self.replace_with_claim(&before, &after, change)?.put(
                "audit",
                audit_item("CUSTOMER_REACTIVATED", &before, &after, change)?,
                Expression::default(),
            );
            if has_log {
                let reactivated = Expression::new("reactivatedAt = :now").with(":now", s(change.now.to_string()));
                let log = keys::deactivation(tenant.key(), deactivation.deactivated_at);
                tx = tx.set("log", &log, reactivated);
            }
            match tx.remember_answer(200, &after, after.meta.version)?.commit().await {
                // Accounts that were dissociated by an earlier version of the service have no entry.
                Err(Failed::Condition("log", None)) => Ok(Attempt::Again(false)),
                committed => Ok(attempted(committed.map_err(error_of), expected, after)?.again_from(has_log)),
            }
        })
        .await
    }

    /// Like `replace`, and writes the claim of a tenant, which repeats whether it is disabled.
    fn replace_with_claim<'c>(
        &'c self,
        before: &Customer,
        after: &Customer,
        change: &'c Change,
    ) -> Result<Transaction<'c>> {
        let tx = self.replace(before, after, change)?;
        Ok(match after.is_tenant_customer {
            true => tx.put("tenant", tenant_claim(after), Expression::default()),
            false => tx,
        })
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

/// The entry of a deactivation in the log.
pub(crate) fn log_item(
    customer: CustomerKey,
    deactivation: &Deactivation,
    feedback: Option<Feedback>,
    change: &Change,
) -> Result<Item> {
    let logged = LoggedDeactivation::of(customer, deactivation, feedback, &change.request_id);
    let key = keys::deactivation(customer, deactivation.deactivated_at);
    item(&key, DEACTIVATION.name, &logged, change)
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
