//! The text that is printed as soon as the local cloud answers requests.

use crate::data::{DataFolder, Ready};
use crate::plan::Plan;

pub fn text(data: &DataFolder, plan: &Plan, ready: &Ready) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut text = format!(
        "\nThe local cloud is ready: {}, {}, {}, {}.\n\n  API    {}\n  AWS    {}  (DynamoDB, SQS, EventBridge, Lambda, S3)\n  Data   {}\n  Token  {}\n",
        count(plan.functions.len(), "function"),
        count(plan.routes.len(), "route"),
        count(plan.queues.len(), "queue"),
        count(plan.tables.len(), "table"),
        ready.api_url,
        ready.aws_url,
        data.path().display(),
        ready.admin_token,
    );
    if let Some(request) = &plan.local.first_request {
        text.push_str("\nA first request:\n\n");
        text.push_str(&format!(
            "  curl -i -X {} '{}{}' \\\n",
            request.method, ready.api_url, request.path
        ));
        text.push_str(&format!("    -H 'Authorization: Bearer {}'", ready.admin_token));
        if let Some(body) = &request.body {
            // A quote inside single quotes: close them, add an escaped quote, open them again.
            let quoted = body.to_string().replace('\'', r"'\''");
            text.push_str(&format!(
                " \\\n    -H 'Content-Type: application/json' \\\n    -d '{quoted}'"
            ));
        }
        text.push('\n');
    }
    text.push_str(
        "\nTo watch it: cargo local events --follow, cargo local queues, cargo local logs FUNCTION. Ctrl-C stops it.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::FirstRequest;

    #[test]
    fn the_first_request_can_be_pasted_into_a_shell() {
        let mut plan = Plan::default();
        plan.local.first_request = Some(FirstRequest {
            method: "POST".to_owned(),
            path: "/things".to_owned(),
            body: Some(json!({"name": "it's"})),
        });
        let ready = Ready {
            api_url: "http://127.0.0.1:3000".to_owned(),
            aws_url: "http://127.0.0.1:4566".to_owned(),
            admin_token: "t.o.k".to_owned(),
            pid: 1,
        };
        let text = text(&DataFolder::new("/data".into()), &plan, &ready);
        assert!(text.contains("0 functions, 0 routes, 0 queues, 0 tables"), "{text}");
        let command = r#"  curl -i -X POST 'http://127.0.0.1:3000/things' \
    -H 'Authorization: Bearer t.o.k' \
    -H 'Content-Type: application/json' \
    -d '{"name":"it'\''s"}'
"#;
        assert!(text.contains(command), "{text}");
    }
}
