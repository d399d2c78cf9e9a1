fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::verify_api_key::VerifyApiKey>()
}
