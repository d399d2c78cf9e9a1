fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<partitions::get_partition::GetPartition>()
}
