fn main() -> std::process::ExitCode {
    runtime::lambda::task::<structure::clear_deleted_location::ClearDeletedLocation>()
}
