fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<api_keys::rotate_api_key::RotateApiKey>()
}
