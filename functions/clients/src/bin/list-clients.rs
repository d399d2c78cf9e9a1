fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::list_clients::ListClients>()
}
