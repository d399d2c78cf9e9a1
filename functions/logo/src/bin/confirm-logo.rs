fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<logo::confirm_logo::ConfirmLogo>()
}
