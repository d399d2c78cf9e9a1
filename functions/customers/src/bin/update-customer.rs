fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::update_customer::UpdateCustomer>()
}
