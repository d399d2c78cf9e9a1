//! POST /v1/customers/{customerKey}/clients: creates a client and, on request, its account, in one transaction.

use domain::{
    Entity, Result,
    client::{self, Client},
    customer::Customer,
};
use runtime::{Body, Caller, Context, Created, Endpoint, Request, Spec, access::EditClients};
use serde_json::{Map, Value, json};
use table::{clients::Clients, customers::Customers};

pub struct CreateClient;

impl Endpoint for CreateClient {
    const SPEC: Spec = Spec::post(
        "create-client",
        "/v1/customers/{customerKey}/clients",
        "Create a client of a customer. With `provisionAccount`, also create its customer account in the same transaction.",
    )
    .takes(Body::Create(client::NEW_FIELDS))
    .performs(&[Customers::GET, Clients::DEPTH_BELOW, Clients::CREATE]);
    type Permission = EditClients;
    type Answer = Created<Client>;

    async fn handle(ctx: &Context, caller: Caller<EditClients>, request: Request) -> Result<Self::Answer> {
        let change = request.change(ctx, &caller.actor);
        let mut body = request.body.clone();
        let wants_account = body.shift_remove("provisionAccount") == Some(Value::Bool(true));
        body.insert("isDisabled".into(), json!(false));
        let mut client = Client::new(ctx.new_key(), body, change.now, &caller.actor)?;
        let mut account = None;
        if wants_account {
            let parent = ctx.customers().get(caller.tenant()).await?;
            let depth = ctx.clients().depth_below(&parent).await?;
            let body = client.account(&Map::new(), &parent, depth)?;
            let new_account = Customer::new(ctx.new_key(), body, change.now, &caller.actor)?;
            client.client_customer_key = Some(new_account.key);
            account = Some(new_account);
        }
        ctx.clients()
            .create(caller.tenant(), &client, account.as_ref(), &change)
            .await?;
        Ok(Created(client))
    }
}
