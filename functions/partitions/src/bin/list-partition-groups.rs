fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::list_partition_groups::ListPartitionGroups>()
}
