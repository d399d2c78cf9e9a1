fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::create_customer::CreateCustomer>()
}
