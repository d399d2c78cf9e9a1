//! The Lambda binary of the area `structure`.

fn main() -> std::process::ExitCode {
    runtime::serve(&structure::AREA)
}
