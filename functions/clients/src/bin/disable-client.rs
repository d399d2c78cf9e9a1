fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::disable_client::DisableClient>()
}
