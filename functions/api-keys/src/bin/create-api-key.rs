fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::create_api_key::CreateApiKey>()
}
