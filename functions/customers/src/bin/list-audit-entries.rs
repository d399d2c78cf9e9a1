fn main() -> std::process::ExitCode {
    runtime::lambda::endpoint::<customers::list_audit_entries::ListAuditEntries>()
}
