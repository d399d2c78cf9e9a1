fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::provision_account::ProvisionAccount>()
}
