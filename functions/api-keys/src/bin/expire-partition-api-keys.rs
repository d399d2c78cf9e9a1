fn main() -> std::process::ExitCode {
    runtime::lambda::task::<api_keys::expire_partition_api_keys::ExpirePartitionApiKeys>()
}
