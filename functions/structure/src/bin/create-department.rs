fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::create_department::CreateDepartment>()
}
