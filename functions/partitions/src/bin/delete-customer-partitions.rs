fn main() -> std::process::ExitCode {
    runtime::lambda::task::<partitions::delete_customer_partitions::DeleteCustomerPartitions>()
}
