//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire: expires the API keys that have a foreign key, one page per
//! request.

use domain::{Result, View, api_key, fields::Field};
use runtime::{Body, Caller, Context, Endpoint, InPages, Request, Spec, access::ManagePartitions};
use serde::{Deserialize, Serialize};
use table::api_keys::ApiKeys;

pub struct ExpireApiKeys;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpireRequest {
    foreign_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expired {
    expired: usize,
    next_cursor: Option<String>,
}

impl View for Expired {
    const NAME: &'static str = "ExpiredApiKeys";

    fn fields() -> Vec<Field> {
        api_key::expired_fields()
    }
}

impl Endpoint for ExpireApiKeys {
    const SPEC: Spec = Spec::post(
        "expire-api-keys",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire",
        "Expire a partition's API keys that have this foreign key, one page per request. Repeat with `cursor` until `nextCursor` is null. An `Idempotency-Key` belongs to one page: each cursor needs its own.",
    )
    .takes(Body::Action(api_key::EXPIRE_FIELDS))
    .performs(&[ApiKeys::EXPIRE_FOREIGN]);
    type Permission = ManagePartitions;
    type Answer = InPages<Expired>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let body: ExpireRequest = request.body()?;
        let answer = |expired, next| Expired {
            expired,
            next_cursor: request.next_cursor(ctx, next),
        };
        let expired = ctx
            .api_keys()
            .expire_foreign(
                caller.tenant(),
                request.key()?,
                &body.foreign_key,
                &request.page(ctx)?,
                answer,
                &change,
            )
            .await?;
        Ok(InPages(expired))
    }
}
