//! The Lambda binary of the area `docs`.

fn main() -> std::process::ExitCode {
    runtime::serve(&docs::AREA)
}
