fn main() -> std::process::ExitCode {
    runtime::serve(&partitions::AREA)
}
