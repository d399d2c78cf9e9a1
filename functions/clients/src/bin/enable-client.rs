fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::enable_client::EnableClient>()
}
