fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<logo::delete_logo::DeleteLogo>()
}
