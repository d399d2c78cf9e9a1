fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::update_partition_group::UpdatePartitionGroup>()
}
