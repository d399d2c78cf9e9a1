//! The Lambda binary of the area `api-keys`.

fn main() -> std::process::ExitCode {
    runtime::serve(&api_keys::AREA)
}
