fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::update_client::UpdateClient>()
}
