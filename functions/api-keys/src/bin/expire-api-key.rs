fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::expire_api_key::ExpireApiKey>()
}
