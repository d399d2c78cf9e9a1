fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::update_api_key::UpdateApiKey>()
}
