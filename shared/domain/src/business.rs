//! The business of a customer: industry (GICS), legal form, size, social pages.

use crate::{
    Object, Together,
    fields::{Field, Rule},
};
use serde::{Deserialize, Serialize};

/// The 11 GICS sectors, by their two-digit code: Energy, Materials, Industrials, Consumer Discretionary, Consumer Staples, Health Care,
/// Financials, Information Technology, Communication Services, Utilities, Real Estate.
pub const SECTORS: &[&str] = &["10", "15", "20", "25", "30", "35", "40", "45", "50", "55", "60"];

/// The 24 GICS industry groups, by their four-digit code. The first two digits are the sector.
pub const GROUPS: &[&str] = &[
    "1010", "1510", "2010", "2020", "2030", "2510", "2520", "2530", "2550", "3010", "3020", "3030", "3510", "3520",
    "4010", "4020", "4030", "4510", "4520", "4530", "5010", "5020", "5510", "6010",
];

pub const CLASSIFICATIONS: &[&str] = &[
    "SoleProprietorship",
    "Partnership",
    "LLP",
    "LLC",
    "CCorp",
    "SCorp",
    "BCorp",
    "Nonprofit",
    "Cooperative",
];

pub const SIZES: &[&str] = &[
    "1-10",
    "11-50",
    "51-200",
    "201-500",
    "501-1000",
    "1001-5000",
    "5001-10000",
    "10001+",
];

const SOCIAL_PROFILES: &Object = &Object::new("SocialProfiles", PLATFORMS);

const PLATFORMS: &[Field] = &[
    Field::new("linkedin", Rule::PageOn(&["linkedin.com"]), "A page on LinkedIn."),
    Field::new("x", Rule::PageOn(&["x.com", "twitter.com"]), "A page on X."),
    Field::new("facebook", Rule::PageOn(&["facebook.com"]), "A page on Facebook."),
    Field::new("instagram", Rule::PageOn(&["instagram.com"]), "A page on Instagram."),
    Field::new("youtube", Rule::PageOn(&["youtube.com"]), "A page on YouTube."),
    Field::new("tiktok", Rule::PageOn(&["tiktok.com"]), "A page on TikTok."),
];

/// As a field of a customer or client.
pub const OBJECT: &Object = &Object::new("Business", FIELDS).together(&[Together::Within {
    field: "industryGroup",
    prefix: "industrySector",
}]);

pub const FIELDS: &[Field] = &[
    Field::new(
        "industrySector",
        Rule::OneOf(SECTORS),
        "The two-digit code of the GICS sector.",
    ),
    Field::new(
        "industryGroup",
        Rule::OneOf(GROUPS),
        "The four-digit code of the GICS industry group, which must be in the sector.",
    ),
    Field::new("classification", Rule::OneOf(CLASSIFICATIONS), "Legal form."),
    Field::new("size", Rule::OneOf(SIZES), "Number of people, as a range."),
    Field::new(
        "socialProfiles",
        Rule::Object(SOCIAL_PROFILES),
        "Pages on social platforms: https URLs on the platform's host.",
    ),
];

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Business {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry_sector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub social_profiles: Option<serde_json::Map<String, serde_json::Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Mode, check};
    use serde_json::{Map, json};

    #[test]
    fn the_lists_have_their_official_sizes_and_every_group_has_a_sector() {
        assert_eq!(
            (
                SECTORS.len(),
                GROUPS.len(),
                CLASSIFICATIONS.len(),
                SIZES.len(),
                PLATFORMS.len()
            ),
            (11, 24, 9, 8, 6)
        );
        assert!(GROUPS.iter().all(|group| SECTORS.contains(&&group[..2])));
    }

    #[test]
    fn a_group_outside_its_sector_is_refused() {
        let business = json!({"industrySector": "45", "industryGroup": "4010"});
        let body = Map::from_iter([("business".to_owned(), business)]);
        let field = Field::new("business", Rule::Object(OBJECT), "");
        for mode in [Mode::Create, Mode::Stored] {
            let errors = check(&[field], body.clone(), mode).errors;
            assert_eq!(errors[0].field, "business.industryGroup");
        }
    }
}
