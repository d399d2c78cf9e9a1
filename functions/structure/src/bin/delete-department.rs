fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::delete_department::DeleteDepartment>()
}
