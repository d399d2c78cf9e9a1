fn main() -> std::process::ExitCode {
    runtime::lambda::standalone::<api_keys::authorize_api_key::AuthorizeApiKey>()
}
