//! The Lambda binary of the area `customers`.

fn main() -> std::process::ExitCode {
    runtime::serve(&customers::AREA)
}
