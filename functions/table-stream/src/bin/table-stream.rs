fn main() -> std::process::ExitCode {
    runtime::lambda::trigger::<table_stream::publish_changes::PublishChanges>()
}
