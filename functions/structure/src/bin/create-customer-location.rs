fn main() -> std::process::ExitCode {
    runtime::lambda::task::<structure::create_customer_location::CreateCustomerLocation>()
}
