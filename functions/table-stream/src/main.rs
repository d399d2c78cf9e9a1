fn main() -> std::process::ExitCode {
    runtime::serve(&table_stream::AREA)
}
