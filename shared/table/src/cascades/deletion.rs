//! A customer or a client was deleted: deletes everything that belonged to it.

use super::{AT_ONCE, Cascades, PAGE, error_of};
use crate::{
    Change, Operation, PageRequest, Step,
    attempt::{Attempt, retry},
    clients,
    entities::{self, DEACTIVATION, Place, Registered},
    expression::Expression,
    item::{Item, text},
    keys::{self, ItemKey},
    operation::on_customer::{DELETE, GET, PUT, QUERY},
    parts,
    query::Query,
    stored::item,
    write::{Failed, Transaction},
};
use domain::{
    ClientKey, CustomerKey, Error, Kind, Owner, Part, Result, Tenant,
    client::Client,
    customer::Deactivation,
    deactivation::{DeactivationKey, LoggedDeactivation},
};

impl Cascades<'_> {
    pub const CLIENT_DELETED: Operation = Operation::new(&[GET, QUERY, PUT, DELETE], &[]);
    /// A client was deleted: deletes its parts. Its account is released and stays disabled.
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
        self.delete_parts(Place::PartOfCustomerOrClient, tenant.client(key), change)
            .await
    }

    pub const CUSTOMER_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: deletes its clients, each as if by hand, then the parts that clients have too, then its records.
    pub async fn customer_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        let customer = tenant.key();
        let clients: Vec<Client> = self.first_page(tenant.itself(), keys::prefix(Client::KIND)).await?;
        if !clients.is_empty() {
            let delete = |tx, client: &Client| clients::delete_client(tx, customer, client, change);
            self.delete_all(&clients, change, delete).await?;
            return Ok(Step::More(String::new()));
        }
        match self
            .delete_parts(Place::PartOfCustomerOrClient, tenant.itself(), change)
            .await?
        {
            Step::Done => self.delete_records(tenant, change).await,
            more => Ok(more),
        }
    }

    pub const PARTITIONS_OF_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: deletes the parts that only customers have, its partitions and partition groups. The events of the
    /// partitions then expire their API keys.
    pub async fn partitions_of_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        self.delete_parts(Place::PartOfCustomer, tenant.itself(), change).await
    }

    /// Deletes a page of an owner's parts. No part is created meanwhile, because the owner is deleted.
    async fn delete_parts(&self, place: Place, owner: Owner, change: &Change) -> Result<Step> {
        // In reverse order: no part is left that refers to a deleted one.
        for entry in self.entries.iter().rev().filter(|entry| entry.place == place) {
            if let Some(delete_page) = entry.delete_page
                && delete_page(self, owner, change).await?
            {
                return Ok(Step::More(String::new()));
            }
        }
        Ok(Step::Done)
    }

    pub(crate) async fn delete_page<P: Part + Registered>(&self, owner: Owner, change: &Change) -> Result<bool> {
        let parts: Vec<P> = self.first_page(owner, keys::prefix(P::KIND)).await?;
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

    /// Deletes a page of the items that a customer had beside its entities.
    async fn delete_records(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        for record in entities::RECORDS {
            let query = Query::of_owner(tenant.itself())
                .starting_with(record.prefix)
                .attributes(&[keys::PK, keys::SK]);
            let records = self.table.first(&query, PAGE).await?;
            if !records.is_empty() {
                self.delete_all(&records, change, |tx, item| {
                    let key = ItemKey::of(text(item, keys::PK)?, text(item, keys::SK)?);
                    Ok(tx.delete("record", &key, Expression::default()))
                })
                .await?;
                return Ok(Step::More(String::new()));
            }
        }
        Ok(Step::Done)
    }

    async fn first_page<T: serde::de::DeserializeOwned>(&self, owner: Owner, prefix: String) -> Result<Vec<T>> {
        let page = PageRequest {
            limit: PAGE,
            after: None,
        };
        let query = Query::of_owner(owner).starting_with(prefix);
        Ok(self.table.page_of(&query, &page).await?.0)
    }

    async fn delete_all<'c, T>(
        &'c self,
        things: &[T],
        change: &'c Change,
        delete: impl Fn(Transaction<'c>, &T) -> Result<Transaction<'c>>,
    ) -> Result<()> {
        for some in things.chunks(AT_ONCE) {
            let mut tx = self.table.transaction(change);
            for thing in some {
                tx = delete(tx, thing)?;
            }
            tx.commit().await.map_err(|failed| match failed {
                // Another delivery deletes the same page. The next attempt reads what is left.
                Failed::Condition(name, _) => Error::Unavailable(format!("the {name} changed during its deletion")),
                Failed::Other(error) => error,
            })?;
        }
        Ok(())
    }

    /// Releases the account of a deleted client. It stays disabled, as if deactivated, so it can be reactivated.
    async fn release(
        &self,
        account: CustomerKey,
        customer: CustomerKey,
        client: ClientKey,
        change: &Change,
    ) -> Result<()> {
        retry(|| async move {
            let Some(before) = self.table.account_of(account, customer, client).await? else {
                return Ok(Attempt::Done(()));
            };
            let mut after = before.clone();
            after.disable_by_parent(true, change.now);
            after.release(change.now, &change.actor);
            after.meta.changed(change.now, &change.actor);
            let mut tx =
                self.table
                    .customers()
                    .put_changed_account(self.table.transaction(change), &before, &after, change)?;
            if let (None, Some(deactivation)) = (&before.deactivation, &after.deactivation) {
                tx = tx.put("log", log_item(account, deactivation, change)?, Expression::default());
            }
            tx.commit_or_retry(None, error_of, ()).await
        })
        .await
    }
}

fn log_item(customer: CustomerKey, deactivation: &Deactivation, change: &Change) -> Result<Item> {
    let logged = LoggedDeactivation {
        key: DeactivationKey::derived(deactivation.deactivated_at, &customer.to_string()),
        deactivated_at: deactivation.deactivated_at,
        deactivated_by: deactivation.deactivated_by.clone(),
        window_ends_at: deactivation.window_ends_at,
        feedback: None,
        request_id: change.request_id.clone(),
        reactivated_at: None,
    };
    let key = keys::deactivation(customer, deactivation.deactivated_at);
    item(&key, DEACTIVATION.name, &logged, change)
}
