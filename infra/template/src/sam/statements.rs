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
    if function.needs().failures {
        statements.push(allow("s3:ListBucket", "StreamFailuresBucket"));
        statements.push(allow_on_objects(
            "[s3:GetObject, s3:DeleteObject]",
            "StreamFailuresBucket",
        ));
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
            // Lambda writes what it gives up with the function's role.
            // If somebody deletes the bucket, another account could
            // take its name and get the records: so the bucket must be this account's.
            let own = "  Condition: {StringEquals: {s3:ResourceAccount: !Ref AWS::AccountId}}\n";
            statements.push(allow("s3:ListBucket", "StreamFailuresBucket"));
            statements.push(allow_on_objects("s3:PutObject", "StreamFailuresBucket") + own);
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
    if grants.iter().any(ObjectGrant::can_miss) {
        statements.push(allow("s3:ListBucket", "LogoBucket"));
    }
    statements
}

fn allow_on_objects(actions: &str, bucket: &str) -> String {
    format!("- Effect: Allow\n  Action: {actions}\n  Resource: !Sub ${{{bucket}.Arn}}/*\n")
}

fn allow(actions: &str, resource: &str) -> String {
    format!("- Effect: Allow\n  Action: {actions}\n  Resource: !GetAtt {resource}.Arn\n")
}
