//! The Lambda binary of the area `logo`.

fn main() -> std::process::ExitCode {
    runtime::serve(&logo::AREA)
}
