fn main() -> std::process::ExitCode {
    runtime::serve(&docs::AREA)
}
