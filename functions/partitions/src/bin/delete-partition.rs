fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::delete_partition::DeletePartition>()
}
