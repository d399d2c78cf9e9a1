//! The baseline of warm invocations: one `GetItem` with the functions' own client, in a handler that does nothing else.

use aws_sdk_dynamodb::{Client, Config, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Read {
    table: String,
    pk: String,
    sk: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::from_conf(Config::from(&runtime::aws::sdk_config("DYNAMODB")));
    let client = &client;
    run(service_fn(async move |event: LambdaEvent<Read>| {
        let Read { table, pk, sk } = event.payload;
        let get = client.get_item().table_name(table).consistent_read(true);
        get.key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk))
            .send()
            .await?;
        Ok::<_, Error>(())
    }))
    .await
}
