//! Requests through the whole router, signed as SDKs sign them.

mod objects;
mod permissions;
mod signing;
mod uploads;

use std::path::Path;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use super::{Permissions, S3};
use crate::dynamodb::DynamoDb;
use crate::eventbridge::EventBus;
use crate::plan::{Bucket, Cdn, CorsRule, Expiration, Role};
use crate::server::guard::Names;
use crate::sqs::Sqs;
use crate::store::Store;
use signing::signed;

struct Fixture {
    app: Router,
    s3: S3,
}

type Answer = (StatusCode, HeaderMap, String);

impl Fixture {
    fn open(folder: &Path) -> Self {
        let bucket = Bucket {
            name: "pictures".to_owned(),
            cors: vec![CorsRule {
                origins: vec!["https://app.example".to_owned()],
                methods: vec!["PUT".to_owned()],
                headers: vec!["content-type".to_owned()],
                ..CorsRule::default()
            }],
            expirations: vec![
                Expiration {
                    prefix: "uploads/".to_owned(),
                    tags: Vec::new(),
                    days: 1,
                },
                Expiration {
                    prefix: String::new(),
                    tags: vec![("state".to_owned(), "new".to_owned())],
                    days: 2,
                },
            ],
        };
        let cdn = Cdn {
            logical_id: "Cdn".to_owned(),
            bucket: "pictures".to_owned(),
            origin_path: "/shown".to_owned(),
        };
        let store = Store::open(&folder.join("cloud.db")).unwrap();
        let sqs = Sqs::open(store.clone(), &[]).unwrap();
        let bus = EventBus::open(store.clone(), sqs.clone(), &[], &[]).unwrap();
        let dynamodb = DynamoDb::open(&folder.join("tables.db")).unwrap();
        let s3 = S3::open(store, &[bucket], Some(cdn), permissions());
        Self {
            app: crate::aws::app(dynamodb, sqs, bus, s3.clone(), Router::new(), Names::of_port(4566)),
            s3,
        }
    }

    async fn send(&self, request: Request) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(signed(method, target, headers, body)).await
    }

    async fn put(&self, key: &str, headers: &[(&str, &str)], body: &str) {
        let (status, _, text) = self.ask("PUT", &format!("/pictures/{key}"), headers, body).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    }

    async fn get(&self, key: &str) -> Answer {
        self.ask("GET", &format!("/pictures/{key}"), &[], "").await
    }
}

/// The functions `reader`, which may read pictures, and `lister`, which may list the bucket too.
fn permissions() -> Permissions {
    let role = |name: &str, statements| Role {
        arn: name.to_owned(),
        trust: vec![],
        statements,
        managed_policies: vec![],
    };
    let read = json!({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::pictures/logos/*"});
    let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pictures"});
    let function = |name: &str| crate::plan::Function {
        role: Some(name.to_owned()),
        ..crate::lambda::tests::function(name, "target/lambda/script/")
    };
    Permissions::of(
        &[function("reader"), function("lister")],
        &[role("reader", vec![read.clone()]), role("lister", vec![read, list])],
    )
}

fn fixture() -> (tempfile::TempDir, Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(folder.path());
    (folder, fixture)
}
