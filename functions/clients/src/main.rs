//! The Lambda binary of the area `clients`.

fn main() -> std::process::ExitCode {
    runtime::serve(&clients::AREA)
}
