//! Settings without which template.yaml would stop or lose something on AWS.

use crate::support::{functions, tasks};
use runtime::Function;
use std::fs;

/// The resources of the template: paragraphs that start with a logical id.
fn resources() -> Vec<String> {
    let template = fs::read_to_string(template::root().join("template.yaml")).unwrap();
    template.split("\n\n").map(str::to_owned).collect()
}

/// The resource with this line.
fn with_line(line: &str) -> String {
    let has_line = |resource: &String| resource.lines().any(|found| found.trim() == line);
    let found: Vec<String> = resources().into_iter().filter(has_line).collect();
    assert_eq!(found.len(), 1, "{line}: {found:?}");
    found.into_iter().next().unwrap()
}

/// Lambda stops other functions after about sixteen messages that they send to themselves.
#[test]
fn exactly_the_tasks_with_pages_may_run_in_a_loop() {
    let mut with_pages = 0;
    for function in functions() {
        let pages = matches!(function, Function::Task(task) if task.spec.pages);
        with_pages += usize::from(pages);
        let resource = with_line(&format!("FunctionName: !Sub ${{AWS::StackName}}-{}", function.name()));
        assert_eq!(
            resource.contains("\n      RecursiveLoop: Allow\n"),
            pages,
            "{}",
            function.name()
        );
    }
    assert!(with_pages > 0);
}

/// A rule that exists before its queue's policy loses events: EventBridge does not try again without a permission.
#[test]
fn every_rule_waits_for_the_queues_policy_and_the_policy_for_no_rule() {
    for task in tasks() {
        let rule = with_line(&format!("Name: !Sub ${{AWS::StackName}}-{}", task.spec.name));
        assert!(rule.contains("    Type: AWS::Events::Rule\n"), "{rule}");
        assert!(rule.contains("    DependsOn: TaskQueuesPolicy\n"), "{rule}");
    }
    let policy = with_line("TaskQueuesPolicy:");
    assert!(policy.contains("aws:SourceArn: !Sub 'arn:"), "{policy}");
    assert!(!policy.contains("Rule.Arn"), "{policy}");
}

/// Without it, S3 answers 403 instead of 404 when an object does not exist.
#[test]
fn a_function_that_can_miss_an_object_may_list_the_bucket() {
    let mut can_miss = Vec::new();
    for function in functions() {
        let misses = function.objects().iter().any(runtime::spec::ObjectGrant::can_miss);
        let role = with_line(&format!("- PolicyName: {}", function.name()));
        let lists = role.contains("Action: s3:ListBucket\n                Resource: !GetAtt LogoBucket.Arn");
        assert_eq!(lists, misses, "{}", function.name());
        if misses {
            can_miss.push(function.name());
        }
    }
    assert_eq!(can_miss, ["confirm-logo", "settle-logos"]);
}
