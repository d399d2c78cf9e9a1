fn main() -> std::process::ExitCode {
    runtime::lambda::task::<clients::delete_client_children::DeleteClientChildren>()
}
