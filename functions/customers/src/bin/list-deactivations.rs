fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::list_deactivations::ListDeactivations>()
}
