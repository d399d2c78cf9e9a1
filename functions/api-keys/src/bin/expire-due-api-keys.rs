fn main() -> std::process::ExitCode {
    runtime::lambda::standalone::<api_keys::expire_due_api_keys::ExpireDueApiKeys>()
}
