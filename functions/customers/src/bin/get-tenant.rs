fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::get_tenant::GetTenant>()
}
