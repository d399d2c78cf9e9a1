fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::reactivate_customer::ReactivateCustomer>()
}
