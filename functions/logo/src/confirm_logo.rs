//! PUT /v1/customers/{customerKey}/logo, and of a client: show what was uploaded, if it is what it was said to be.

use domain::client::Client;
use domain::customer::Customer;
use domain::{Code, Result, logo};
use logos::Logos;
use runtime::{Body, Caller, Context, Endpoint, Found, OfCustomerOrClient, Request, Spec, access::EditStructure};
use serde::Deserialize;
use table::logos::Holder;
use table::logos::Logos as Shown;

pub struct ConfirmLogo;

#[derive(Deserialize)]
struct Confirmed {
    receipt: String,
}

impl Endpoint for ConfirmLogo {
    const SPEC: Spec = Spec::put(
        "confirm-logo",
        "/v1/customers/{customerKey}/logo",
        "Show an uploaded logo. The image is looked at first: that it is there, its length, its real type.",
    )
    .also("/v1/customers/{customerKey}/clients/{clientKey}/logo")
    .takes(Body::Create(logo::CONFIRMED_FIELDS))
    .performs(&[Shown::HOLDER, Shown::SET])
    .objects(&Logos::PUBLISH)
    // The upload was replaced while the service read it.
    .codes(&[Code::Conflict]);
    type Permission = EditStructure;
    type Answer = OfCustomerOrClient<Found<Customer>, Found<Client>>;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Self::Answer> {
        let Confirmed { receipt } = request.body()?;
        let owner = caller.owner();
        let change = request.change(ctx, &caller.actor);
        let holder = ctx.table.logos().holder(owner).await?;
        // Before anything is copied.
        holder.expect(request.if_match)?;
        if holder.logo().is_some_and(|logo| logo.receipt == receipt) {
            return Ok(shown(holder));
        }
        let logo = ctx.logos()?.publish(owner, &receipt, ctx.clock.uuid()).await?;
        let holder = ctx
            .table
            .logos()
            .set(owner, holder, Some(&logo), request.if_match, &change)
            .await?;
        Ok(shown(holder))
    }
}

fn shown(holder: Holder) -> <ConfirmLogo as Endpoint>::Answer {
    match holder {
        Holder::Customer(customer) => OfCustomerOrClient::Customer(Found(*customer)),
        Holder::Client(client) => OfCustomerOrClient::Client(Found(*client)),
    }
}
