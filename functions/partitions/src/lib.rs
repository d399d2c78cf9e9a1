//! Partitions of a customer's data, and their groups.

pub mod create_partition;
pub mod create_partition_group;
pub mod delete_customer_partitions;
pub mod delete_partition;
pub mod delete_partition_group;
pub mod get_partition;
pub mod get_partition_group;
pub mod list_partition_groups;
pub mod list_partitions;
pub mod update_partition;
pub mod update_partition_group;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "partitions",
    summary: "The partitions of a customer's data, and their groups.",
    functions: &[
        Function::endpoint::<create_partition_group::CreatePartitionGroup>(),
        Function::endpoint::<list_partition_groups::ListPartitionGroups>(),
        Function::endpoint::<get_partition_group::GetPartitionGroup>(),
        Function::endpoint::<update_partition_group::UpdatePartitionGroup>(),
        Function::endpoint::<delete_partition_group::DeletePartitionGroup>(),
        Function::endpoint::<create_partition::CreatePartition>(),
        Function::endpoint::<list_partitions::ListPartitions>(),
        Function::endpoint::<get_partition::GetPartition>(),
        Function::endpoint::<update_partition::UpdatePartition>(),
        Function::endpoint::<delete_partition::DeletePartition>(),
        Function::task::<delete_customer_partitions::DeleteCustomerPartitions>(),
    ],
};
