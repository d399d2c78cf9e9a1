fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<structure::list_locations::ListLocations>()
}
