//! The embedded table: creates it, reads all of it, and writes to it as no endpoint would.

use super::World;
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};
use domain::ClientKey;
use runtime::context::Clock;
use std::collections::HashMap;
use table::keys::{self, Index, ItemKey};

pub const TABLE: &str = "customers-test";

pub type Item = HashMap<String, AttributeValue>;

pub fn text<'i>(item: &'i Item, attribute: &str) -> &'i str {
    item[attribute].as_s().unwrap()
}

impl World {
    /// Every item of the table.
    pub async fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let scan = self.client.scan().table_name(TABLE).set_exclusive_start_key(start);
            let page = scan.send().await.unwrap();
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return items;
            }
        }
    }

    /// The keys of all items of a customer and its clients, except the tombstone of a deleted customer.
    pub async fn remaining_items(&self, customer: &str) -> Vec<String> {
        let items = self.items().await;
        let prefix = format!("CUS#{customer}");
        let remaining = items
            .iter()
            .filter(|item| text(item, "pk").starts_with(&prefix) && text(item, "entity") != "Tombstone");
        remaining
            .map(|item| format!("{} {}", text(item, "pk"), text(item, "sk")))
            .collect()
    }

    pub async fn item(&self, key: &ItemKey) -> Option<Item> {
        let get = self.client.get_item().table_name(TABLE).set_key(Some(key.attributes()));
        get.send().await.unwrap().item
    }

    /// Removes the API key at this path, as DynamoDB does when its time to live has passed.
    pub async fn remove_by_ttl(&self, path: &str) {
        let parts: Vec<&str> = path.split('/').collect();
        let [.., customer, _, partition, _, key] = parts.as_slice() else {
            panic!("{path} is not the path of an API key")
        };
        let key = keys::api_key(
            customer.parse().unwrap(),
            partition.parse().unwrap(),
            key.parse().unwrap(),
        );
        let delete = self.client.delete_item().table_name(TABLE);
        delete.set_key(Some(key.attributes())).send().await.unwrap();
    }

    /// Makes one customer the account of another one's client, without creating the client.
    pub async fn set_parent(&self, account: &str, parent: &str) {
        let client = ClientKey::from_uuid(self.clock.uuid()).to_string();
        let text = |text: &str| AttributeValue::S(text.into());
        let parent = HashMap::from([
            ("customerKey".into(), text(parent)),
            ("clientKey".into(), text(&client)),
            ("depth".into(), AttributeValue::N("1".into())),
        ]);
        self.set(account, "parent", AttributeValue::M(parent)).await;
    }

    /// Gives a customer this many products of 100 characters each, which may be more than a request accepts.
    pub async fn set_products(&self, customer: &str, count: usize) {
        let products = (0..count).map(|n| AttributeValue::S(format!("{n:0>100}"))).collect();
        self.set(customer, "products", AttributeValue::L(products)).await;
    }

    pub async fn set_text(&self, customer: &str, attribute: &str, value: &str) {
        self.set(customer, attribute, AttributeValue::S(value.into())).await;
    }

    async fn set(&self, customer: &str, attribute: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(keys::customer(customer.parse().unwrap()).attributes()))
            .update_expression("SET #attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }

    /// Removes an attribute that the service always writes, so that the service cannot read the customer any more.
    pub async fn remove_attribute(&self, customer: &str, attribute: &str) {
        self.client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(keys::customer(customer.parse().unwrap()).attributes()))
            .update_expression("REMOVE #attribute")
            .expression_attribute_names("#attribute", attribute)
            .send()
            .await
            .unwrap();
    }
}

pub async fn create_table(client: &Client) {
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let mut attributes = vec!["pk", "sk"];
    let mut request = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .unwrap(),
        );
    for index in Index::ALL {
        let (partition, sort) = (index.partition_attribute(), index.sort_attribute());
        let schema = vec![key(partition, KeyType::Hash), key(sort, KeyType::Range)];
        attributes.extend([partition, sort]);
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index.name())
                .set_key_schema(Some(schema))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()
                .unwrap(),
        );
    }
    for name in attributes {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        );
    }
    request.send().await.unwrap();
}
