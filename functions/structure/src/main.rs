fn main() -> std::process::ExitCode {
    runtime::serve(&structure::AREA)
}
