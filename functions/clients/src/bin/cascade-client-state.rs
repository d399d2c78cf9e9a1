fn main() -> std::process::ExitCode {
    runtime::lambda::task::<clients::cascade_client_state::CascadeClientState>()
}
