//! POST /v1/customers/{customerKey}/clients/{clientKey}/account: creates the account of a client that has none.

use domain::{
    Entity, Result,
    client::Client,
    customer::{self, Customer},
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditClients};
use table::{clients::Clients, customers::Customers};

pub struct ProvisionAccount;

impl Endpoint for ProvisionAccount {
    const SPEC: Spec = Spec::post(
        "provision-account",
        "/v1/customers/{customerKey}/clients/{clientKey}/account",
        "Create a client's customer account. Omitted fields are copied from the client.",
    )
    // The answer shows the client.
    .located_at("/v1/customers/{customerKey}/clients/{clientKey}")
    .takes(Body::Action(customer::ACCOUNT_FIELDS))
    .together(customer::TOGETHER_IN_ACCOUNT)
    .performs(&[Customers::GET, Clients::DEPTH_BELOW, Clients::PROVISION]);
    type Permission = EditClients;
    type Answer = Created<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let (tenant, key) = (caller.tenant(), request.key()?);
        let change = request.change(ctx, &caller.actor);
        let parent = ctx.customers().get(tenant).await?;
        let depth = ctx.clients().depth_below(&parent).await?;
        let account_key = ctx.new_key();
        let client = ctx
            .clients()
            .provision(
                tenant,
                key,
                |client| {
                    let body = client.account(&request.body, &parent, depth)?;
                    Customer::new(account_key, body, change.now, &caller.actor)
                },
                request.if_match,
                &change,
            )
            .await?;
        Ok(Created(client))
    }
}
