fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::create_client::CreateClient>()
}
