//! The statements of a function's role: the grants that it declares, and those that its event source needs.

use super::policy;
use runtime::{Function, spec::ObjectGrant};

pub fn statements(function: &Function) -> String {
    let mut statements = vec![
        "\
- Effect: Allow
  Action: [logs:CreateLogStream, logs:PutLogEvents]
  Resource: !GetAtt {Area}Logs.Arn
"
        .to_owned(),
        // X-Ray has no resources that a policy could name.
        "\
- Effect: Allow
  Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]
  Resource: '*'
"
        .to_owned(),
    ];
    let grants = policy::statements(&function.grants());
    statements.extend(grants.iter().map(policy::Statement::yaml));
    statements.extend(objects(function.objects()));
    if function.needs().bus {
        statements.push(allow("events:PutEvents", "EventBus"));
    }
    match function {
        Function::Endpoint(_) | Function::Standalone(_) => {}
        Function::Task(f) => {
            let mut actions = vec!["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            if f.spec.pages {
                actions.push("sqs:SendMessage");
            }
            statements.push(allow(&format!("[{}]", actions.join(", ")), "{Id}Queue"));
        }
        Function::Trigger(_) => {
            let stream = "\
- Effect: Allow
  Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams]
  Resource: !GetAtt Table.StreamArn
";
            statements.push(stream.to_owned());
            statements.push(allow("sqs:SendMessage", "StreamFailures"));
        }
    }
    let lines: Vec<String> = statements
        .concat()
        .lines()
        .map(|line| format!("              {line}\n"))
        .collect();
    lines.concat()
}

/// The grants on logo objects, a statement a folder.
fn objects(grants: &[ObjectGrant]) -> Vec<String> {
    let mut statements: Vec<String> = grants
        .iter()
        .map(|grant| {
            let actions: Vec<String> = grant.actions.iter().map(|action| format!("s3:{action}")).collect();
            format!(
                "- Effect: Allow\n  Action: [{}]\n  Resource: !Sub ${{LogoBucket.Arn}}/{}*\n",
                actions.join(", "),
                grant.folder
            )
        })
        .collect();
    if grants.iter().any(|grant| grant.actions.contains(&"GetObject")) {
        // Without it S3 answers 403 instead of 404 when an object does not exist.
        statements.push(allow("s3:ListBucket", "LogoBucket"));
    }
    statements
}

fn allow(actions: &str, resource: &str) -> String {
    format!("- Effect: Allow\n  Action: {actions}\n  Resource: !GetAtt {resource}.Arn\n")
}
