fn main() -> std::process::ExitCode {
    runtime::serve(&customers::AREA)
}
