fn main() -> std::process::ExitCode {
    runtime::serve(&clients::AREA)
}
