fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::get_department::GetDepartment>()
}
