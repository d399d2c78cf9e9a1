//! EventBridge Scheduler, for schedules with a rate.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use axum::body::Bytes;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::arn;
use crate::lambda::{Lambda, Outcome};
use crate::plan::{ACCOUNT, REGION, Schedule};

/// Invokes a schedule's function at its rate. The first invocation is immediate, so that a developer sees it without a wait.
/// Never resolves.
pub async fn run(schedule: Schedule, lambda: Lambda) {
    let mut turns = interval(schedule.every);
    // After a laptop's sleep, only one of the missed invocations is repeated, not a thousand.
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        if let Outcome::Failed(answer) = lambda.invoke(&schedule.function, payload(&schedule)).await {
            eprintln!(
                "! the schedule of {} failed: {}",
                schedule.function,
                String::from_utf8_lossy(&answer)
            );
        }
    }
}

/// The input that the template declares, or Scheduler's default event.
fn payload(schedule: &Schedule) -> Bytes {
    if let Some(input) = &schedule.input {
        return Bytes::from(input.clone());
    }
    let event = json!({
        "version": "0",
        "id": Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "region": REGION,
        "resources": [arn::of("scheduler", &format!("schedule/default/{}", schedule.id))],
        "detail": "{}",
    });
    Bytes::from(event.to_string())
}

/// Parses `rate(5 minutes)`. `None` for `cron(…)` and `at(…)`, which are not supported.
pub fn rate(expression: &str) -> Result<Option<Duration>> {
    if expression.starts_with("cron(") || expression.starts_with("at(") {
        return Ok(None);
    }
    let inner = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let Some((number, unit)) = inner.and_then(|inner| inner.split_once(' ')) else {
        bail!("ScheduleExpression: {expression:?} is not rate(…), cron(…) or at(…)");
    };
    let number: u64 = number.parse().unwrap_or(0);
    ensure!(
        number > 0,
        "ScheduleExpression: {expression:?} must have a positive whole number"
    );
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => bail!("ScheduleExpression: the unit must be minutes, hours or days, not {unit:?}"),
    };
    Ok(Some(Duration::from_secs(number * seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_parsed_and_other_expressions_refused() {
        let seconds = |text: &str| rate(text).unwrap().map(|every| every.as_secs());
        assert_eq!(seconds("rate(1 minute)"), Some(60));
        assert_eq!(seconds("rate(5 minutes)"), Some(300));
        assert_eq!(seconds("rate(2 hours)"), Some(7200));
        assert_eq!(seconds("rate(1 day)"), Some(86_400));
        assert_eq!(seconds("cron(0 8 * * ? *)"), None);
        assert_eq!(seconds("at(2026-11-23T08:00:00)"), None);
        for bad in [
            "",
            "rate()",
            "rate(1)",
            "rate(0 minutes)",
            "rate(x minutes)",
            "rate(1 second)",
            "1 minute",
        ] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
