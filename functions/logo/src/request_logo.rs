//! POST /v1/customers/{customerKey}/logo, and of a client: ask for an upload.
//!
//! Nothing is kept of it but the idempotency key's answer, and in that not the signed URL: a repeat gets the same receipt, newly signed.

use domain::{
    Error, Result,
    entity::to_value,
    logo::{self, WantedUpload},
};
use logos::{Logos, Upload};
use runtime::{Body, Caller, Context, Endpoint, Issued, Request, Spec, access::EditStructure};
use serde::{Deserialize, Serialize};
use table::logos::Logos as Shown;

pub struct RequestLogo;

#[derive(Serialize, Deserialize)]
struct Asked {
    receipt: String,
}

impl Endpoint for RequestLogo {
    const SPEC: Spec = Spec::post(
        "request-logo",
        "/v1/customers/{customerKey}/logo",
        "Ask for the upload of a logo. The answer says how to upload the image; its receipt then confirms it.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .takes(Body::Create(logo::WANTED_FIELDS))
    .performs(&[Shown::ALLOW_UPLOAD])
    .objects(&[Logos::UPLOAD]);
    type Permission = EditStructure;
    type Answer = Issued<Upload>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let wanted: WantedUpload = request.body()?;
        let change = request.change(ctx, &caller.actor);
        let asked = Asked {
            receipt: logo::name(ctx.clock.uuid()),
        };
        let sign = async |receipt: &str| ctx.logos()?.upload(caller.owner(), receipt, &wanted, change.now).await;
        match ctx.table.logos().allow_upload(caller.owner(), &asked, &change).await {
            Ok(()) => Ok(Issued(sign(&asked.receipt).await?)),
            Err(Error::Replayed(mut answer)) => {
                let asked: Asked = serde_json::from_value(answer.body.unwrap_or_default())
                    .map_err(|e| Error::Internal(format!("a kept answer holds no receipt: {e}")))?;
                answer.body = Some(to_value(&sign(&asked.receipt).await?)?);
                Err(Error::Replayed(answer))
            }
            Err(error) => Err(error),
        }
    }
}
