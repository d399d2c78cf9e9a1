fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::get_hierarchy::GetHierarchy>()
}
