//! Deactivations of customers: the request, and the entry in the log.

use crate::{
    CustomerKey, EntityKind, Error, FieldError, Key, Kind, Object, Result, Timestamp, Together,
    customer::Deactivation,
    entity::to_value,
    fields::{Field, Rule},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The capacity in which a customer is deactivated or a client disabled. Only the same one or a higher one undoes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum DeactivatedBy {
    /// By its own user. Also the value of items that were written before this field existed.
    #[default]
    #[serde(rename = "Self")]
    Itself,
    /// By the customer whose client has this account, or with that client.
    Parent,
    Platform,
}

pub const CAPACITIES: &[&str] = &["Self", "Parent", "Platform"];

/// The capacity, as a deactivation and the entry of the log show it.
pub const BY: Field = Field::new(
    "by",
    Rule::OneOf(CAPACITIES),
    "The capacity in which it was deactivated. Only the same one or a higher one reactivates it: Self, then Parent, then Platform.",
);

const REASONS: &[&str] = &[
    "TooExpensive",
    "MissingFeatures",
    "SwitchedProvider",
    "NoLongerNeeded",
    "TechnicalIssues",
    "PoorSupport",
    "Other",
];

const FEEDBACK: &Object = &Object::new(
    "DeactivationFeedback",
    &[
        Field::new("reasonCode", Rule::OneOf(REASONS), "Why the customer leaves."),
        Field::new(
            "reasonText",
            Rule::Prose { max: 2000 },
            "The reason in words. Required if the reason code is Other.",
        ),
        Field::new(
            "recommendationScore",
            Rule::Whole { min: 0, max: 10 },
            "How likely the customer is to recommend the service, from 0 to 10.",
        ),
        Field::new("context", Rule::Prose { max: 2000 }, "How the feedback was given."),
    ],
)
.together(&[Together::Needs {
    field: "reasonCode",
    value: "\"Other\"",
    needed: "reasonText",
}])
.checked_later();

pub const REQUEST: &[Field] = &[
    Field::new(
        "windowEndsAt",
        Rule::Time,
        "The customer can be reactivated until then: in the future, at most 365 days from now. 21 days from now if omitted.",
    ),
    Field::new("feedback", Rule::Object(FEEDBACK), "Why the customer was deactivated."),
];

pub type DeactivationKey = Key<LoggedDeactivation>;

impl Kind for LoggedDeactivation {
    const KIND: EntityKind = EntityKind {
        name: "Deactivation",
        prefix: "dea",
    };
}

/// An entry of the deactivation log.
pub const LOG: &[Field] = &[
    Field::new("key", Rule::Key(LoggedDeactivation::KIND), "The entry's key.").required(),
    Field::new("deactivatedAt", Rule::Time, "When the customer was deactivated.").required(),
    Field::new("deactivatedBy", Rule::Text { min: 1, max: 255 }, "Who deactivated it.").required(),
    BY.required(),
    Field::new(
        "windowEndsAt",
        Rule::Time,
        "The end of the window at the deactivation. Platform staff may have changed it since.",
    )
    .required(),
    Field::new("feedback", Rule::Object(FEEDBACK), "Why the customer was deactivated."),
    Field::new(
        "requestId",
        Rule::Text { min: 1, max: 200 },
        "The request that deactivated it.",
    )
    .required(),
    Field::new(
        "reactivatedAt",
        Rule::Time,
        "When the customer was reactivated. Absent if it never was.",
    ),
];

pub const DEFAULT_WINDOW_DAYS: i64 = 21;
pub const LONGEST_WINDOW_DAYS: i64 = 365;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation_score: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeactivationRequest {
    pub window_ends_at: Option<Timestamp>,
    pub feedback: Option<Feedback>,
}

impl DeactivationRequest {
    /// The end of the window, or every broken rule of the request.
    pub fn window(&self, now: Timestamp) -> Result<Timestamp> {
        let mut errors = Vec::new();
        if let Some(end) = self.window_ends_at {
            check_window(end, now, "windowEndsAt", &mut errors);
        }
        if let Some(Value::Object(feedback)) = self.feedback.as_ref().map(to_value).transpose()? {
            for (field, rule) in FEEDBACK.together.iter().filter_map(|rule| rule.broken(&feedback)) {
                errors.push(FieldError::new(format!("feedback.{field}"), rule));
            }
        }
        if !errors.is_empty() {
            return Err(Error::Validation(errors));
        }
        Ok(self
            .window_ends_at
            .unwrap_or_else(|| now.plus(TimeDelta::days(DEFAULT_WINDOW_DAYS))))
    }
}

/// A window ends in the future and at most a year from now.
pub fn check_window(end: Timestamp, now: Timestamp, field: &str, errors: &mut Vec<FieldError>) {
    if end <= now {
        errors.push(FieldError::new(field, "must be in the future"));
    } else if end > now.plus(TimeDelta::days(LONGEST_WINDOW_DAYS)) {
        errors.push(FieldError::new(
            field,
            format!("must be at most {LONGEST_WINDOW_DAYS} days from now"),
        ));
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedDeactivation {
    pub key: DeactivationKey,
    pub deactivated_at: Timestamp,
    pub deactivated_by: String,
    pub by: DeactivatedBy,
    pub window_ends_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactivated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    pub request_id: String,
}

impl LoggedDeactivation {
    /// The entry of a deactivation. Its key is derived, so a repeated write stores the same entry again.
    pub fn of(
        customer: CustomerKey,
        deactivation: &Deactivation,
        feedback: Option<Feedback>,
        request_id: &str,
    ) -> Self {
        Self {
            key: DeactivationKey::derived(deactivation.deactivated_at, &customer.to_string()),
            deactivated_at: deactivation.deactivated_at,
            deactivated_by: deactivation.deactivated_by.clone(),
            by: deactivation.by,
            window_ends_at: deactivation.window_ends_at,
            reactivated_at: None,
            feedback,
            request_id: request_id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_window_lies_between_now_and_a_year() {
        let now = at("2026-11-23T08:00:00Z");
        let asked = |end: &str| DeactivationRequest {
            window_ends_at: Some(at(end)),
            feedback: None,
        };
        assert_eq!(
            DeactivationRequest::default().window(now).unwrap(),
            at("2026-12-14T08:00:00Z")
        );
        assert!(asked("2027-11-23T08:00:00Z").window(now).is_ok());
        assert!(asked("2027-11-23T08:00:01Z").window(now).is_err());
        assert!(asked("2026-11-23T08:00:00Z").window(now).is_err());
    }
}
