//! POST /v1/customers/{customerKey}/logo, and of a client: returns a signed URL for the upload of a logo.
//!
//! Only the receipt is stored, with the idempotency key. A repeat gets the same receipt and a newly signed URL.

use domain::{
    Error, Result, defect_of,
    entity::to_value,
    logo::{self, WantedUpload},
};
use logos::{Logos, Upload};
use runtime::{Body, Caller, Context, Endpoint, Issued, Request, Spec, access::EditStructure};
use serde::{Deserialize, Serialize};
use table::logos::Logos as LogoRecords;

pub struct RequestLogo;

#[derive(Serialize, Deserialize)]
struct StoredAnswer {
    receipt: String,
}

impl Endpoint for RequestLogo {
    const SPEC: Spec = Spec::post(
        "request-logo",
        "/v1/customers/{customerKey}/logo",
        "Request the upload of a logo. The answer describes the HTTP request that uploads the image; the receipt then confirms it.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .takes(Body::Create(logo::WANTED_FIELDS))
    .performs(&[LogoRecords::ALLOW_UPLOAD])
    .objects(&[Logos::UPLOAD]);
    type Permission = EditStructure;
    type Answer = Issued<Upload>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let upload: WantedUpload = request.body()?;
        let change = request.change(ctx, &caller.actor);
        let stored = StoredAnswer {
            receipt: logo::name(ctx.clock.uuid()),
        };
        let sign = async |receipt: &str| ctx.logos()?.upload(caller.owner(), receipt, &upload, change.now).await;
        match ctx.table.logos().allow_upload(caller.owner(), &stored, &change).await {
            Ok(()) => Ok(Issued(sign(&stored.receipt).await?)),
            Err(Error::Replayed(mut answer)) => {
                let stored: StoredAnswer = serde_json::from_value(answer.body.unwrap_or_default())
                    .map_err(|e| Error::Internal(format!("the stored answer has no receipt: {}", defect_of(&e))))?;
                answer.body = Some(to_value(&sign(&stored.receipt).await?)?);
                Err(Error::Replayed(answer))
            }
            Err(error) => Err(error),
        }
    }
}
