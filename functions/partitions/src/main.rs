//! The Lambda binary of the area `partitions`.

fn main() -> std::process::ExitCode {
    runtime::serve(&partitions::AREA)
}
