fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::list_departments::ListDepartments>()
}
