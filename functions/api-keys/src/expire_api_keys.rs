//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire: end all keys that belong to one thing elsewhere, a page a
//! request.

use domain::{Result, View, api_key, fields::Field};
use runtime::{Body, Caller, Context, Endpoint, InPages, Request, Spec, access::ManagePartitions};
use serde::{Deserialize, Serialize};
use table::api_keys::ApiKeys;

pub struct ExpireApiKeys;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
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
        "End a page of a partition's API keys that have this foreign key. Where `nextCursor` is given, there may be more.",
    )
    // To do it again does nothing more, so there is no first answer to keep.
    .takes(Body::Question(api_key::EXPIRE_FIELDS))
    .performs(&[ApiKeys::EXPIRE_FOREIGN]);
    type Permission = ManagePartitions;
    type Answer = InPages<Expired>;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let wanted: Wanted = request.body()?;
        let (expired, next) = ctx
            .api_keys()
            .expire_foreign(
                caller.tenant(),
                request.key()?,
                &wanted.foreign_key,
                &request.page(ctx)?,
                &change,
            )
            .await?;
        Ok(InPages(Expired {
            expired,
            next_cursor: request.next_cursor(ctx, next),
        }))
    }
}
