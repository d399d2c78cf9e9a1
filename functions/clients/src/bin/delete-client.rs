fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::delete_client::DeleteClient>()
}
