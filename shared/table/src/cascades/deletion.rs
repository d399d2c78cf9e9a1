//! A customer or a client was deleted: everything that belonged to it is deleted too.

use super::{AT_ONCE, Cascades, PAGE, changed_since};
use crate::{
    Change, Operation, PageRequest, Step,
    attempt::{Attempt, retry},
    clients::{self},
    expression::Expression,
    item::Item,
    keys,
    operation::on_customer::{DELETE, GET, PUT, QUERY},
    parts,
    query::Query,
    stored::item,
    write::{Failed, Transaction},
};
use domain::{
    ClientKey, CustomerKey, Error, Owner, Part, Result, Tenant, client::Client, contact::Contact,
    customer::Deactivation, deactivation::LoggedDeactivation, department::Department, key::Kind, location::Location,
    partition::Partition, partition_group::PartitionGroup,
};

impl Cascades<'_> {
    pub const CLIENT_DELETED: Operation = Operation::new(&[GET, QUERY, PUT, DELETE], &[]);
    /// A client was deleted: what belonged to it goes, its account is let go of and disabled.
    pub async fn client_deleted(
        &self,
        tenant: Tenant,
        key: ClientKey,
        account: Option<CustomerKey>,
        change: &Change,
    ) -> Result<Step> {
        if let Some(account) = account {
            self.release(account, tenant.key(), key, change).await?;
        }
        self.clear_parts(tenant.client(key), change).await
    }

    pub const CUSTOMER_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: its clients go, each as if deleted by hand, then its own departments, locations, contacts, and the
    /// deactivation log.
    pub async fn customer_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        let customer = tenant.key();
        let more = || Ok(Step::More(String::new()));
        let clients: Vec<Client> = self.first_page(tenant.itself(), keys::CLIENT_PREFIX).await?;
        if !clients.is_empty() {
            let delete = |tx, client: &Client| clients::delete_client(tx, customer, client, change);
            self.delete_all(&clients, change, delete).await?;
            return more();
        }
        if let Step::More(cursor) = self.clear_parts(tenant.itself(), change).await? {
            return Ok(Step::More(cursor));
        }
        let log: Vec<LoggedDeactivation> = self.first_page(tenant.itself(), keys::DEACTIVATION_PREFIX).await?;
        if log.is_empty() {
            return Ok(Step::Done);
        }
        self.delete_all(&log, change, |tx, entry| {
            let key = keys::deactivation(customer, entry.deactivated_at);
            Ok(tx.delete("entry", &key, Expression::default()))
        })
        .await?;
        more()
    }

    pub const PARTITIONS_OF_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: its partitions go, and then its partition groups. Their own events say what becomes of the keys.
    pub async fn partitions_of_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        let owner = tenant.itself();
        let some = self.clear::<Partition>(owner, change).await? || self.clear::<PartitionGroup>(owner, change).await?;
        Ok(if some { Step::More(String::new()) } else { Step::Done })
    }

    /// Deletes a page of an owner's departments, locations and contacts. The owner is gone, so nothing comes after.
    async fn clear_parts(&self, owner: Owner, change: &Change) -> Result<Step> {
        // Contacts first: none is left pointing at a location that is gone.
        let some = self.clear::<Contact>(owner, change).await?
            || self.clear::<Department>(owner, change).await?
            || self.clear::<Location>(owner, change).await?;
        Ok(if some { Step::More(String::new()) } else { Step::Done })
    }

    async fn clear<P: Part>(&self, owner: Owner, change: &Change) -> Result<bool> {
        let parts: Vec<P> = self.first_page(owner, keys::part_prefix(P::Kind::KIND)).await?;
        let delete = |tx, part: &P| {
            let tx = parts::delete_part(tx, owner, part, change)?;
            Ok(match P::HAS_MEMBERS {
                true => tx.delete("members", &keys::members(owner, part.key()), Expression::default()),
                false => tx,
            })
        };
        self.delete_all(&parts, change, delete).await?;
        Ok(!parts.is_empty())
    }

    async fn first_page<T: serde::de::DeserializeOwned>(&self, owner: Owner, prefix: &str) -> Result<Vec<T>> {
        let page = PageRequest {
            limit: PAGE,
            after: None,
        };
        let query = Query::of_owner(owner).starting_with(prefix);
        Ok(self.0.page_of(&query, &page).await?.0)
    }

    async fn delete_all<'c, T>(
        &'c self,
        things: &[T],
        change: &'c Change,
        delete: impl Fn(Transaction<'c>, &T) -> Result<Transaction<'c>>,
    ) -> Result<()> {
        for some in things.chunks(AT_ONCE) {
            let mut tx = self.0.transaction(change);
            for thing in some {
                tx = delete(tx, thing)?;
            }
            tx.commit().await.map_err(|failed| match failed {
                // Another delivery is at the same page. What is left is read again at the next try.
                Failed::Condition(name, _) => Error::Unavailable(format!("the {name} changed under its deletion")),
                Failed::Other(error) => error,
            })?;
        }
        Ok(())
    }

    /// Lets go of the account of a deleted client, and leaves it deactivated: it lives on, and can be brought back on its own.
    async fn release(
        &self,
        account: CustomerKey,
        customer: CustomerKey,
        client: ClientKey,
        change: &Change,
    ) -> Result<()> {
        retry(|| async move {
            let Some(before) = self.0.account_of(account, customer, client).await? else {
                return Ok(Attempt::Done(()));
            };
            let mut after = before.clone();
            after.disable_by_parent(true, change.now);
            after.release(change.now, &change.actor);
            after.meta.changed(change.now, &change.actor);
            let mut tx = self
                .0
                .customers()
                .put_over(self.0.transaction(change), &before, &after, change)?;
            if let (None, Some(deactivation)) = (&before.deactivation, &after.deactivation) {
                tx = tx.put("log", log_item(account, deactivation, change)?, Expression::default());
            }
            tx.commit_or_retry(None, changed_since, ()).await
        })
        .await
    }
}

fn log_item(customer: CustomerKey, deactivation: &Deactivation, change: &Change) -> Result<Item> {
    let logged = LoggedDeactivation {
        deactivated_at: deactivation.deactivated_at,
        deactivated_by: deactivation.deactivated_by.clone(),
        window_ends_at: deactivation.window_ends_at,
        feedback: None,
        request_id: change.request_id.clone(),
    };
    item(
        &keys::deactivation(customer, deactivation.deactivated_at),
        "Deactivation",
        &logged,
        change,
    )
}
