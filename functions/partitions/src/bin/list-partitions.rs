fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::list_partitions::ListPartitions>()
}
