//! GET /v1/customers/{customerKey}/api-keys: lists the API keys of all of a customer's partitions.

use crate::list_api_keys;
use domain::{
    Kind, Result,
    api_key::ApiKey,
    fields::{Field, Rule, concat},
    partition::Partition,
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewPartitions};
use table::api_keys::ApiKeys;

pub struct ListCustomerApiKeys;

const PARTITION: &[Field] = &[Field::new(
    "partitionKey",
    Rule::Key(Partition::KIND),
    "Only keys of this partition.",
)];

const FILTERS: &[Field] =
    &concat::<{ PARTITION.len() + list_api_keys::FILTERS.len() }>(PARTITION, list_api_keys::FILTERS);

impl Endpoint for ListCustomerApiKeys {
    const SPEC: Spec = Spec::get(
        "list-customer-api-keys",
        "/v1/customers/{customerKey}/api-keys",
        "List the API keys of all of a customer's partitions, one partition after the other, oldest first in each. An expired key stays in the list for 30 days.",
    )
    .filters(FILTERS)
    .performs(&[ApiKeys::LIST_OF_CUSTOMER]);
    type Permission = ViewPartitions;
    type Answer = Listed<ApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let now = ctx.clock.now();
        let (keys, next) = ctx
            .api_keys()
            .list_of_customer(caller.tenant(), &request.filter()?, now, &page)
            .await?;
        let keys = keys.into_iter().map(|key| key.as_of(now)).collect();
        Ok(Listed::new(keys, request.next_cursor(ctx, next)))
    }
}
