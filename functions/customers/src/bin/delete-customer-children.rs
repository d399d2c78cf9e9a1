fn main() -> std::process::ExitCode {
    runtime::lambda::task::<customers::delete_customer_children::DeleteCustomerChildren>()
}
