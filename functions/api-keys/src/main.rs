fn main() -> std::process::ExitCode {
    runtime::serve(&api_keys::AREA)
}
