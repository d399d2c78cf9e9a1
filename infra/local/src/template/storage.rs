//! Reads buckets, and the distribution in front of one.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lenient::{Number, properties, within};
use super::names;
use super::resolver::Resolver;
use crate::plan::{Bucket, Cdn, CorsRule, Expiration, Plan};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BucketProperties {
    cors_configuration: Option<CorsConfiguration>,
    lifecycle_configuration: Option<LifecycleConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CorsConfiguration {
    cors_rules: Vec<DeclaredCorsRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeclaredCorsRule {
    allowed_origins: Vec<String>,
    allowed_methods: Vec<String>,
    #[serde(default)]
    allowed_headers: Vec<String>,
    #[serde(default)]
    exposed_headers: Vec<String>,
    max_age: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LifecycleConfiguration {
    rules: Vec<LifecycleRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LifecycleRule {
    id: Option<String>,
    status: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    tag_filters: Vec<TagFilter>,
    expiration_in_days: Option<Number>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    key: String,
    value: String,
}

pub fn bucket(plan: &mut Plan, resolver: &Resolver, logical_id: &str, resolved: &Value) -> Result<()> {
    let name = resolver.name(logical_id)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    ensure!(
        (3..=63).contains(&name.len()) && name.chars().all(fits),
        "BucketName: `{name}` must have 3 to 63 lower-case letters, digits, hyphens and dots"
    );
    // Encryption, versions, permissions and the like mean nothing on a laptop.
    let declared: BucketProperties = properties(resolved)?;
    let mut cors = Vec::new();
    for rule in declared
        .cors_configuration
        .into_iter()
        .flat_map(|configuration| configuration.cors_rules)
    {
        cors.push(CorsRule {
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: rule.allowed_headers,
            exposed_headers: rule.exposed_headers,
            max_age: rule.max_age.and_then(Number::limit),
        });
    }
    let mut expirations = Vec::new();
    for rule in declared
        .lifecycle_configuration
        .into_iter()
        .flat_map(|configuration| configuration.rules)
    {
        let Some(days) = rule.expiration_in_days.filter(|_| rule.status == "Enabled") else {
            continue;
        };
        // Without this condition, the rule would delete other objects too.
        let condition = ["Filter", "ObjectSizeGreaterThan", "ObjectSizeLessThan"]
            .into_iter()
            .find(|condition| rule.rest.contains_key(*condition));
        if let Some(condition) = condition {
            let rule = rule.id.as_deref().unwrap_or("without an Id");
            plan.warnings.push(format!(
                "{logical_id}: the local cloud does not run the lifecycle rule {rule}; it supports Prefix and TagFilters, but not {condition}"
            ));
            continue;
        }
        expirations.push(Expiration {
            prefix: rule.prefix,
            tags: rule.tag_filters.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            days: within(
                "LifecycleConfiguration.Rules.ExpirationInDays",
                Some(days),
                1,
                1..=36_500,
            )?,
        });
    }
    plan.buckets.push(Bucket {
        name,
        cors,
        expirations,
    });
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DistributionProperties {
    distribution_config: DistributionConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DistributionConfig {
    origins: Vec<Origin>,
    default_cache_behavior: CacheBehavior,
    #[serde(default)]
    cache_behaviors: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Origin {
    id: String,
    domain_name: String,
    #[serde(default)]
    origin_path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheBehavior {
    target_origin_id: String,
}

pub fn distribution(plan: &mut Plan, logical_id: &str, resolved: &Value) -> Result<()> {
    let DistributionProperties {
        distribution_config: declared,
    } = properties(resolved)?;
    let target = declared.default_cache_behavior.target_origin_id;
    let origin = declared
        .origins
        .into_iter()
        .find(|origin| origin.id == target)
        .with_context(|| {
            format!("DistributionConfig.DefaultCacheBehavior.TargetOriginId: there is no origin `{target}`")
        })?;
    let path = &origin.origin_path;
    ensure!(
        path.is_empty() || (path.starts_with('/') && !path.ends_with('/')),
        "DistributionConfig.Origins: OriginPath: `{path}` must start with a slash and not end with one"
    );
    if let Some(first) = &plan.cdn {
        plan.warnings.push(format!(
            "{logical_id}: the local cloud serves one distribution only, {}",
            first.logical_id
        ));
        return Ok(());
    }
    let Some(bucket) = names::bucket_of(&origin.domain_name) else {
        plan.warnings.push(format!(
            "{logical_id}: the local cloud does not support the origin {}; it supports buckets only",
            origin.domain_name
        ));
        return Ok(());
    };
    if !declared.cache_behaviors.is_empty() {
        plan.warnings.push(format!(
            "{logical_id}: the local cloud does not support CacheBehaviors; every path leads to the default origin"
        ));
    }
    plan.cdn = Some(Cdn {
        logical_id: logical_id.to_owned(),
        bucket: bucket.to_owned(),
        origin_path: origin.origin_path,
    });
    Ok(())
}
