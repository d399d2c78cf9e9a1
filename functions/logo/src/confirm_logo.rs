//! PUT /v1/customers/{customerKey}/logo, and of a client: show what was uploaded, if it is what it was said to be.

use domain::{Code, Result, client, customer, logo};
use logos::{LOGOS, UPLOADS};
use runtime::{
    Answer, Body, Caller, Context, Endpoint, Grant, Reply, Request, Spec,
    access::EditStructure,
    spec::{Action, ObjectGrant},
};
use serde::Deserialize;
use table::{keys::Family, logos::Holder};

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
    .answers(Answer::Entity {
        name: "Customer",
        fields: customer::view_fields,
    })
    .answers_of_client(Answer::Entity {
        name: "Client",
        fields: client::view_fields,
    })
    .grants(&[
        Grant::on(Family::Customer, Action::GetItem),
        Grant::on(Family::Customer, Action::ConditionCheckItem),
        Grant::on(Family::Customer, Action::PutItem),
    ])
    .objects(&[
        ObjectGrant {
            folder: UPLOADS,
            actions: &["GetObject"],
        },
        ObjectGrant {
            folder: LOGOS,
            actions: &["PutObject", "PutObjectTagging"],
        },
    ])
    .codes(&[Code::Conflict, Code::CustomerDisabled]);
    type Permission = EditStructure;

    async fn handle(ctx: &Context, caller: Caller<EditStructure>, request: Request) -> Result<Reply> {
        let Confirmed { receipt } = request.body()?;
        let owner = caller.owner();
        let change = request.change(ctx, &caller.actor);
        let holder = ctx.table.logos().holder(owner).await?;
        // Before anything is copied.
        holder.expect(request.if_match)?;
        if holder.logo().is_some_and(|logo| logo.receipt == receipt) {
            return reply(&holder);
        }
        let logo = ctx.logos()?.publish(owner, &receipt, ctx.clock.uuid()).await?;
        let shown = ctx
            .table
            .logos()
            .show(owner, holder, Some(&logo), request.if_match, &change)
            .await?;
        reply(&shown)
    }
}

fn reply(holder: &Holder) -> Result<Reply> {
    match holder {
        Holder::Customer(customer) => Reply::entity(customer.as_ref()),
        Holder::Client(client) => Reply::entity(client.as_ref()),
    }
}
