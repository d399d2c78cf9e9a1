fn main() -> std::process::ExitCode {
    runtime::serve(&logo::AREA)
}
