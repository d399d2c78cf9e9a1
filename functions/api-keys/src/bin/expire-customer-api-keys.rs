fn main() -> std::process::ExitCode {
    runtime::lambda::task::<api_keys::expire_customer_api_keys::ExpireCustomerApiKeys>()
}
