fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<docs::get_openapi::GetOpenapi>()
}
