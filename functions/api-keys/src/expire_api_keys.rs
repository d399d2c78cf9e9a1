//! POST /v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire: end all keys that belong to one thing elsewhere, a page a
//! request.

use domain::{Result, api_key};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec, access::ManagePartitions, spec::Action,
};
use serde::{Deserialize, Serialize};
use table::keys::Family;

pub struct ExpireApiKeys;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    foreign_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Expired {
    expired: usize,
    next_cursor: Option<String>,
}

impl Endpoint for ExpireApiKeys {
    const SPEC: Spec = Spec::post(
        "expire-api-keys",
        "/v1/customers/{customerKey}/partitions/{partitionKey}/api-keys/expire",
        "End a page of a partition's API keys that have this foreign key. Where `nextCursor` is given, there may be more.",
    )
    // To do it again does nothing more, so there is no first answer to keep.
    .takes(Body::Question(api_key::EXPIRE_FIELDS))
    .answers(Answer::InPages {
        name: "ExpiredApiKeys",
        fields: api_key::expired_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::Query),
        Grant::on(Family::Customer, Action::PutItem),
    ]);
    type Permission = ManagePartitions;

    async fn handle(ctx: &Context, caller: Caller<ManagePartitions>, request: Request) -> Result<Reply> {
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
        Reply::view(&Expired {
            expired,
            next_cursor: request.next_cursor(ctx, next),
        })
    }
}
