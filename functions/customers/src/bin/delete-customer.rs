fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::delete_customer::DeleteCustomer>()
}
