fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::list_api_keys::ListApiKeys>()
}
