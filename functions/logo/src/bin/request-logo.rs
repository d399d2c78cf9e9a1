fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<logo::request_logo::RequestLogo>()
}
