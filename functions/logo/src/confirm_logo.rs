//! PUT /v1/customers/{customerKey}/logo, and of a client: publishes an uploaded logo after checking the image.

use domain::{Code, Result, client::Client, customer::Customer, logo};
use logos::Logos;
use runtime::{Body, Caller, Context, Endpoint, Found, OfCustomerOrClient, Request, Spec, access::EditStructure};
use serde::Deserialize;
use table::logos::{Holder, Logos as LogoRecords};

pub struct ConfirmLogo;

#[derive(Deserialize)]
struct Confirmation {
    receipt: String,
}

impl Endpoint for ConfirmLogo {
    const SPEC: Spec = Spec::put(
        "confirm-logo",
        "/v1/customers/{customerKey}/logo",
        "Publish an uploaded logo. The image must exist, be at most 2 MiB and 4,096 pixels wide and high, and be of the declared type. A receipt is valid once, and not after a newer one was confirmed; a repeat is fine while its logo is shown.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .takes(Body::Create(logo::CONFIRMED_FIELDS))
    .performs(&[LogoRecords::CONFIRMING, LogoRecords::SET])
    .objects(&Logos::PUBLISH)
    // The upload was replaced while it was checked.
    .codes(&[Code::Conflict]);
    type Permission = EditStructure;
    type Answer = OfCustomerOrClient<Found<Customer>, Found<Client>>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let Confirmation { receipt } = request.body()?;
        let owner = caller.owner();
        let change = request.change(ctx, &caller.actor);
        let holder = ctx.table.logos().confirming(owner, &receipt).await?;
        // Refuse a stale version before the image is copied.
        holder.expect(request.if_match)?;
        if holder.logo().is_some_and(|logo| logo.receipt == receipt) {
            return Ok(answer(holder));
        }
        let logo = ctx.logos()?.publish(owner, &receipt, ctx.clock.uuid()).await?;
        let holder = ctx
            .table
            .logos()
            .set(owner, holder, Some(&logo), request.if_match, &change)
            .await?;
        Ok(answer(holder))
    }
}

fn answer(holder: Holder) -> <ConfirmLogo as Endpoint>::Answer {
    match holder {
        Holder::Customer(customer) => OfCustomerOrClient::Customer(Found(*customer)),
        Holder::Client(client) => OfCustomerOrClient::Client(Found(*client)),
    }
}
