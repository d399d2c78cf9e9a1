//! The services that mappings use.

use crate::dynamodb::DynamoDb;
use crate::lambda::Lambda;
use crate::s3::S3;
use crate::sqs::Sqs;
use crate::store::Store;

#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub dynamodb: DynamoDb,
    pub sqs: Sqs,
    pub s3: S3,
    pub lambda: Lambda,
}
