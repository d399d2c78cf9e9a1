//! The Lambda binary of the area `table-stream`.

fn main() -> std::process::ExitCode {
    runtime::serve(&table_stream::AREA)
}
