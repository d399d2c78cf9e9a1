//! The deletion of a partition that may have API keys.

use super::Parts;
use crate::{
    Change, Operation,
    operation::on_customer::{GET, QUERY},
};
use domain::{Code, Error, PartitionKey, Result, Tenant, partition::Partition};

impl Parts<'_, Partition> {
    pub const DELETE_UNUSED: Operation = Operation::new(&[GET, QUERY], &[Code::NotEmpty]);
    /// Deletes a partition, unless one of its API keys works. A key that is created at the same moment may end with the partition: no
    /// condition of a transaction can refer to the absence of items.
    pub async fn delete_unused(
        &self,
        tenant: Tenant,
        key: PartitionKey,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<()> {
        let owner = tenant.itself();
        if !self.0.api_keys().has_active(tenant, key, change.now).await? {
            return self.delete(owner, key, expected, change).await;
        }
        // The keys of a deleted partition may not be written as expired yet, and a stale version is refused first.
        self.expect(owner, key, expected).await?;
        Err(Error::NotEmpty {
            reason: "the partition has API keys that still work; expire them first, or repeat the request with force=true",
        })
    }
}
