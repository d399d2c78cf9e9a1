fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<clients::dissociate_account::DissociateAccount>()
}
