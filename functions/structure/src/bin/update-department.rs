fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::update_department::UpdateDepartment>()
}
