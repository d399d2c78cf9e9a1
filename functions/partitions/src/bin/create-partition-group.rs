fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::create_partition_group::CreatePartitionGroup>()
}
