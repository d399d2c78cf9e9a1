fn main() -> std::process::ExitCode {
    runtime::lambda::task::<clients::cascade_account_state::CascadeAccountState>()
}
