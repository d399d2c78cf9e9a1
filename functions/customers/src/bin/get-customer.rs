fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::get_customer::GetCustomer>()
}
