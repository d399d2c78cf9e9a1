//! GET /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys: lists a partition's API keys, oldest first.
//! An expired key stays in the list for 30 days.

use domain::{
    Result,
    api_key::{ApiKey, STATUSES},
    fields::{Field, Rule},
};
use runtime::{Caller, Context, Endpoint, Listed, Request, Spec, access::ViewPartitions};
use table::api_keys::ApiKeys;

pub struct ListApiKeys;

pub(crate) const FILTERS: &[Field] = &[
    Field::new(
        "foreignKey",
        Rule::Text { min: 1, max: 200 },
        "Only keys with this foreign key.",
    ),
    Field::new("status", Rule::OneOf(STATUSES), "Only keys with this status now."),
];

impl Endpoint for ListApiKeys {
    const SPEC: Spec = Spec::get(
        "list-api-keys",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys",
        "List a partition's API keys, oldest first. An expired key stays in the list for 30 days.",
    )
    .filters(FILTERS)
    .performs(&[ApiKeys::LIST]);
    type Permission = ViewPartitions;
    type Answer = Listed<ApiKey>;

    async fn handle(ctx: &Context, caller: Caller<ViewPartitions>, request: Request) -> Result<Self::Answer> {
        let page = request.page(ctx)?;
        let now = ctx.clock.now();
        let (keys, next) = ctx
            .api_keys()
            .list(caller.tenant(), request.key()?, &request.filter()?, now, &page)
            .await?;
        let keys = keys.into_iter().map(|key| key.as_of(now)).collect();
        Ok(Listed::new(keys, request.next_cursor(ctx, next)))
    }
}
