fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::deactivate_customer::DeactivateCustomer>()
}
