fn main() -> std::process::ExitCode {
    runtime::lambda::task::<logo::settle_logos::SettleLogos>()
}
