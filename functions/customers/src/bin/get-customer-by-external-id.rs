fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::get_customer_by_external_id::GetCustomerByExternalId>()
}
