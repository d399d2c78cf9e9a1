fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::get_api_key::GetApiKey>()
}
