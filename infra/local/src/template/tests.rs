//! Whole templates, and the plans or errors that they give.

use serde_json::json;

use super::*;
use crate::plan::{Expiration, Mapping, SecretValue, Source};

const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Metadata:
  LocalCloud:
    Parameters: {Issuer: '${local:issuer}/x'}
    Environment: {SITE: '${local:issuer}/site'}
    FirstRequest: {Method: POST, Path: /things, Body: {name: it}}
Parameters:
  Issuer: {Type: String}
  Memory: {Type: Number, Default: 256}
Conditions:
  Never: !Equals [a, b]
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 20
    MemorySize: !Ref Memory
    Environment: {Variables: {TABLE: !Ref Table, LEVEL: info}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub '${AWS::StackName}-things'
      BillingMode: PAY_PER_REQUEST
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - {IndexName: gsi, KeySchema: [{AttributeName: pk, KeyType: HASH}], Projection: {ProjectionType: ALL}, ContributorInsightsSpecification: {Enabled: true}}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
  Tasks:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: '120'
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !GetAtt Bus.Arn
      EventPattern: {source: [things]}
      Targets: [{Id: tasks, Arn: !GetAtt Tasks.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}]
  MaySend:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Tasks, !Ref Dead]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: '*'
            Condition: {ArnLike: {aws:SourceArn: !Sub 'arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${Bus}/*'}}
  Pepper: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 20, ExcludePunctuation: true}}}
  Api: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: ['*'], MaxAge: 600}}}
  Put:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/put-thing/
      Timeout: 5
      Environment:
        Variables:
          LEVEL: debug
          ISSUER: !Ref Issuer
          QUEUE: !Ref Tasks
          FILES: !Ref Files
          FILES_ARN: !GetAtt Files.Arn
          CDN: !GetAtt Cdn.DomainName
          SITE: https://example.com
      Policies: [{Statement: [{Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt Table.Arn}]}]
      Events:
        Api: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: put, Path: '/things/{id}'}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        Monthly: {Type: ScheduleV2, Properties: {ScheduleExpression: cron(0 8 1 * ? *)}}
  Stream:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/stream
      Events:
        Table:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: -1
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}
  Mapping: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !GetAtt Stream.Arn, EventSourceArn: !GetAtt Tasks.Arn, FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 2}}}
  Files:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Suspended}
      CorsConfiguration: {CorsRules: [{AllowedMethods: [PUT], AllowedOrigins: ['*'], AllowedHeaders: [content-type], MaxAge: '600'}]}
      LifecycleConfiguration:
        Rules:
          - {Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: 1}
          - {Id: new, Status: Enabled, TagFilters: [{Key: state, Value: new}], ExpirationInDays: '2'}
          - {Id: off, Status: Disabled, ExpirationInDays: 3}
          - {Id: parts, Status: Enabled, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}}
          - {Id: large, Status: Enabled, ObjectSizeGreaterThan: '9', ExpirationInDays: 4}
  FilesPolicy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Files, PolicyDocument: {Resource: !Sub '${Files.Arn}/*'}}}
  Access: {Type: AWS::CloudFront::OriginAccessControl}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: web, DomainName: www.example.com}
          - {Id: files, DomainName: !GetAtt Files.RegionalDomainName, OriginPath: /shown, OriginAccessControlId: !GetAtt Access.Id}
        DefaultCacheBehavior: {TargetOriginId: files, ViewerProtocolPolicy: https-only}
  Cdn2: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Origins: [{Id: a, DomainName: !GetAtt Files.DomainName}], DefaultCacheBehavior: {TargetOriginId: a}}}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {Dimensions: [{Name: QueueName, Value: !GetAtt Dead.QueueName}]}}
  Left: {Type: AWS::SQS::Queue, Condition: Never}
  Odd: {Type: AWS::Cognito::UserPool}
Outputs:
  Url: {Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}'}
";

fn load(template: &str) -> Result<Plan> {
    let surroundings = Surroundings {
        api_url: "http://127.0.0.1:3000",
        aws_url: "http://127.0.0.1:4566",
        values: &[("issuer", "https://issuer".to_owned())],
    };
    parse(template, &surroundings)
}

fn refusal(from: &str, to: &str) -> String {
    assert!(TEMPLATE.contains(from), "{from}");
    format!("{:#}", load(&TEMPLATE.replace(from, to)).unwrap_err())
}

#[test]
fn functions_get_globals_routes_and_an_environment() {
    let plan = load(TEMPLATE).unwrap();
    let put = &plan.functions[0];
    assert_eq!((put.name.as_str(), put.binary.as_str()), ("local-Put", "put-thing"));
    assert_eq!((put.timeout, put.memory), (5, 256));
    let environment: Vec<_> = put
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        environment,
        [
            ("CDN", "127.0.0.1:4566/_cdn"),
            ("FILES", "local-files"),
            ("FILES_ARN", "arn:aws:s3:::local-files"),
            ("ISSUER", "https://issuer/x"),
            ("LEVEL", "debug"),
            ("QUEUE", "http://127.0.0.1:4566/000000000000/local-Tasks"),
            ("SITE", "https://issuer/site"),
            ("TABLE", "local-things"),
        ]
    );
    let route = &plan.routes[0];
    assert_eq!(
        (route.method.as_deref(), route.path.as_str()),
        (Some("PUT"), "/things/{id}")
    );
    assert_eq!(plan.cors.unwrap().max_age, Some(600));
    assert_eq!(plan.local.first_request.unwrap().body, Some(json!({"name": "it"})));
}

#[test]
fn the_plan_has_tables_queues_rules_and_secrets() {
    let plan = load(TEMPLATE).unwrap();
    let table = &plan.tables[0];
    assert_eq!(table.ttl_attribute.as_deref(), Some("expires"));
    assert!(table.streamed);
    assert_eq!(
        table.create,
        json!({
            "TableName": "local-things",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [{
                "IndexName": "gsi",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        })
    );
    let names: Vec<&str> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["local-Tasks", "local-Dead"]);
    assert_eq!(plan.queues[0].visibility_timeout, 120);
    assert_eq!(plan.queues[0].redrive.as_ref().unwrap().dead_letter_queue, "local-Dead");
    assert_eq!(
        (plan.rules[0].name.as_str(), plan.rules[0].bus.as_str()),
        ("local-Rule", "bus")
    );
    let target = &plan.rules[0].targets[0];
    assert_eq!(target.queue_arn, "arn:aws:sqs:us-east-1:000000000000:local-Tasks");
    let SecretValue::Generated(recipe) = &plan.secrets[0].value else {
        panic!("not generated")
    };
    assert_eq!((recipe.length, recipe.alphabet.len()), (20, 62));
}

#[test]
fn the_plan_has_buckets_and_the_distribution() {
    let plan = load(TEMPLATE).unwrap();
    let bucket = &plan.buckets[0];
    assert_eq!(bucket.name, "local-files");
    assert_eq!(
        (bucket.cors[0].methods[0].as_str(), bucket.cors[0].max_age),
        ("PUT", Some(600))
    );
    let expiration = |prefix: &str, tags: &[(&str, &str)], days| Expiration {
        prefix: prefix.to_owned(),
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        days,
    };
    assert_eq!(
        bucket.expirations,
        [expiration("tmp/", &[], 1), expiration("", &[("state", "new")], 2)]
    );
    let cdn = plan.cdn.unwrap();
    assert_eq!(
        (cdn.bucket.as_str(), cdn.origin_path.as_str()),
        ("local-files", "/shown")
    );
}

#[test]
fn mappings_come_from_events_and_resources() {
    let plan = load(TEMPLATE).unwrap();
    let [stream, queue]: &[Mapping; 2] = plan.mappings.as_slice().try_into().unwrap();
    assert_eq!(
        (stream.id.as_str(), stream.function.as_str(), stream.batch_size),
        ("StreamTable", "local-Stream", 100)
    );
    let Source::Stream(source) = &stream.source else {
        panic!("not a stream")
    };
    assert_eq!((source.table.as_str(), source.max_retries), ("local-things", None));
    assert_eq!(
        (queue.function.as_str(), queue.batch_size, queue.reports_item_failures),
        ("local-Stream", 10, true)
    );
    let Source::Queue { queue, max_concurrency } = &queue.source else {
        panic!("not a queue")
    };
    assert_eq!((queue.as_str(), *max_concurrency), ("local-Tasks", Some(2)));
}

#[test]
fn functions_may_share_a_binary_with_different_handlers() {
    let template = TEMPLATE
        .replace(
            "target/lambda/put-thing/",
            "target/lambda/things/\n      Handler: put-thing",
        )
        .replace("target/lambda/stream", "target/lambda/things/\n      Handler: stream");
    let plan = load(&template).unwrap();
    let found: Vec<_> = plan
        .functions
        .iter()
        .map(|function| {
            (
                function.name.as_str(),
                function.binary.as_str(),
                function.handler.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("local-Put", "things", "put-thing"),
            ("local-Stream", "things", "stream")
        ]
    );
}

#[test]
fn an_event_with_a_rate_becomes_a_schedule() {
    let plan = load(TEMPLATE).unwrap();
    let [nightly] = plan.schedules.as_slice() else {
        panic!("not one schedule")
    };
    assert_eq!(
        (nightly.id.as_str(), nightly.function.as_str()),
        ("PutNightly", "local-Put")
    );
    assert_eq!((nightly.every.as_secs(), nightly.input.as_deref()), (86_400, None));
}

#[test]
fn every_unsupported_part_has_one_warning() {
    let warnings = load(TEMPLATE).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "PutMonthly: the local cloud does not run the schedule cron(0 8 1 * ? *); it supports rates only",
            "Files: the local cloud does not run the lifecycle rule large; it supports Prefix and TagFilters, but not ObjectSizeGreaterThan",
            "Cdn2: the local cloud serves one distribution only, Cdn",
            "Odd: the local cloud does not run AWS::Cognito::UserPool",
        ]
    );
}

#[test]
fn each_queue_of_a_rule_needs_a_policy_that_allows_the_rule_to_send() {
    let uncovered = "allows events.amazonaws.com to do sqs:SendMessage for the rule \
                     arn:aws:events:us-east-1:000000000000:rule/bus/local-Rule; AWS would lose the events";
    for (from, to, expected) in [
        (
            "Queues: [!Ref Tasks, !Ref Dead]",
            "Queues: [!Ref Dead]",
            format!("rule local-Rule: target tasks: no policy of the queue `local-Tasks` {uncovered}"),
        ),
        (
            "Queues: [!Ref Tasks, !Ref Dead]",
            "Queues: [!Ref Tasks]",
            format!(
                "rule local-Rule: dead-letter queue of target tasks: no policy of the queue `local-Dead` {uncovered}"
            ),
        ),
        ("rule/${Bus}/*", "rule/*/other", format!("`local-Tasks` {uncovered}")),
        (
            "Action: sqs:SendMessage",
            "Action: sqs:ReceiveMessage",
            format!("`local-Tasks` {uncovered}"),
        ),
        (
            "Resource: '*'",
            "Resource: !GetAtt Dead.Arn",
            format!("`local-Tasks` {uncovered}"),
        ),
        (
            "        Statement:\n          - Effect: Allow",
            "        Statement:\n          - {Effect: Deny, Principal: '*', Action: 'sqs:*', Resource: '*'}\n          - Effect: Allow",
            "the policy of the queue `local-Tasks` denies it to events.amazonaws.com".to_owned(),
        ),
        (
            "- Effect: Allow\n            Principal: {Service",
            "- Effect: allow\n            Principal: {Service",
            "resource MaySend (AWS::SQS::QueuePolicy): PolicyDocument.Statement.0.Effect must be Allow or Deny"
                .to_owned(),
        ),
        (
            "Queues: [!Ref Tasks, !Ref Dead]",
            "Queues: [!Ref Tasks, !Ref Dead, 'https://sqs.us-east-1.amazonaws.com/1/other']",
            "resource MaySend: Queues: there is no queue `other` in this template".to_owned(),
        ),
        (
            "  Pepper: {Type",
            "  Second: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Dead], PolicyDocument: {Statement: []}}}\n  Pepper: {Type",
            "resources MaySend and Second: Queues: both are the policy of the queue `local-Dead`".to_owned(),
        ),
    ] {
        let refusal = refusal(from, to);
        assert!(refusal.contains(&expected), "{to}: {refusal}");
    }
}

#[test]
fn queues_may_have_a_policy_each() {
    let each = ["Tasks", "Dead"].map(|queue| {
        format!(
            "  MaySendTo{queue}:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref {queue}]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {{Service: events.amazonaws.com}}
            Action: sqs:SendMessage
            Resource: !GetAtt {queue}.Arn
            Condition: {{ArnEquals: {{aws:SourceArn: !GetAtt Rule.Arn}}}}
"
        )
    });
    let (before, rest) = TEMPLATE.split_once("  MaySend:").unwrap();
    let (_, after) = rest.split_once("  Pepper:").unwrap();
    let plan = load(&format!("{before}{}  Pepper:{after}", each.concat())).unwrap();
    assert_eq!(plan.queue_policies.len(), 2);
}

#[test]
fn the_error_for_an_inconsistent_template_names_the_resource_and_the_property() {
    for (from, to, expected) in [
        (
            "!GetAtt Table.Arn",
            "!GetAtt Nope.Arn",
            "resource Put (AWS::Serverless::Function): Policies.0.Statement.0.Resource: `Nope`",
        ),
        (
            "QUEUE: !Ref Tasks",
            "QUEUE: !Ref Taskz",
            "Environment.Variables.QUEUE: `Taskz` is neither",
        ),
        (
            "      CodeUri: target/lambda/put-thing/\n",
            "",
            "resource Put (AWS::Serverless::Function): CodeUri is missing",
        ),
        (
            "VisibilityTimeout: '120'",
            "VisibilityTimeout: 10",
            "(10 s) is shorter than the Timeout of Stream (20 s)",
        ),
        (
            "VisibilityTimeout: '120'",
            "VisibilityTimeout: long",
            "resource Tasks (AWS::SQS::Queue): VisibilityTimeout: ",
        ),
        (
            "maxReceiveCount: 3",
            "maxReceives: 3",
            "RedrivePolicy: missing field `maxReceiveCount`",
        ),
        (
            "EventPattern: {source: [things]}",
            "EventPattern: {source: things}",
            "rule local-Rule: EventPattern: ",
        ),
        ("Timeout: 5", "Timeout: 5000", "Timeout: 5000 is not between 1 and 900"),
        (
            "StartingPosition: TRIM_HORIZON",
            "StartingPosition: NOW",
            "Events.Table: StartingPosition: NOW",
        ),
        ("Runtime: provided.al2023", "Runtime: nodejs22.x", "not nodejs22.x"),
        (
            "Type: DynamoDB",
            "Type: SQS",
            "resource Stream (AWS::Serverless::Function): Events.Table: the source of this SQS event",
        ),
        (
            "Parameters: {Issuer",
            "Parameters: {Issue",
            "Metadata.LocalCloud.Parameters: there is no such parameter: `Issue`",
        ),
        (
            "Environment: {SITE: '$",
            "Environment: {SITES: '$",
            "Metadata.LocalCloud.Environment: no function has the variable `SITES`",
        ),
        (
            "Conditions:\n  Never",
            "Conditions:\n  Ever",
            "there is no condition `Never`",
        ),
        (
            "Api: {Type: HttpApi,",
            "Two: {Type: HttpApi, Properties: {Method: PUT, Path: '/things/{key}'}}\n        Api: {Type: HttpApi,",
            "`PUT /things/{",
        ),
        (
            "{Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: 1}",
            "{Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: 0}",
            "resource Files (AWS::S3::Bucket): LifecycleConfiguration.Rules.ExpirationInDays: 0 is not between",
        ),
        (
            "VersioningConfiguration: {Status: Suspended}",
            "BucketName: Files",
            "BucketName: `Files` must have 3 to 63",
        ),
        (
            "TargetOriginId: files",
            "TargetOriginId: file",
            "DefaultCacheBehavior.TargetOriginId: there is no origin `file`",
        ),
        (
            "!GetAtt Files.RegionalDomainName",
            "other.s3.us-east-1.amazonaws.com",
            "resource Cdn: DistributionConfig.Origins: there is no bucket `other`",
        ),
        (
            "OriginPath: /shown",
            "OriginPath: shown",
            "OriginPath: `shown` must start with a slash",
        ),
        ("source: [things]", "source: [things", "not valid YAML"),
    ] {
        let refusal = refusal(from, to);
        assert!(refusal.contains(expected), "{to}: {refusal}");
    }
}
