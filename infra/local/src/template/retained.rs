//! The resources that outlive their stack, as a template of their own: CloudFormation imports them into a new stack with it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use super::yaml;

/// The resources with `DeletionPolicy: Retain` in CloudFormation's own language, with the parameters and conditions that they use.
pub fn template(text: &str) -> Result<Value> {
    let template = yaml::parse(text)?;
    let section = |name: &str| -> Map<String, Value> {
        let section = template.get(name).and_then(Value::as_object);
        section.cloned().unwrap_or_default()
    };
    let all = section("Resources");
    let mut resources = all.clone();
    resources.retain(|_, resource| resource["DeletionPolicy"] == "Retain");
    ensure!(!resources.is_empty(), "no resource has `DeletionPolicy: Retain`");

    let mut names = BTreeSet::new();
    resources.values().for_each(|resource| collect(resource, &mut names));
    let mut conditions = section("Conditions");
    conditions.retain(|name, _| names.contains(name));
    conditions.values().for_each(|condition| collect(condition, &mut names));
    let missing = names
        .iter()
        .find(|name| all.contains_key(*name) && !resources.contains_key(*name));
    ensure!(
        missing.is_none(),
        "a retained resource refers to `{}`, which is not retained: it cannot be imported without it",
        missing.context("the name")?
    );
    let mut parameters = section("Parameters");
    parameters.retain(|name, _| names.contains(name));
    Ok(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": resources,
    }))
}

/// The names of everything that a value refers to: parameters, resources and conditions.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, argument) in map {
                let name = match (key.as_str(), argument) {
                    ("Ref" | "Condition", Value::String(name)) => Some(name.as_str()),
                    ("Fn::If", Value::Array(parts)) => parts.first().and_then(Value::as_str),
                    ("Fn::GetAtt", Value::String(dotted)) => dotted.split('.').next(),
                    ("Fn::GetAtt", Value::Array(parts)) => parts.first().and_then(Value::as_str),
                    _ => None,
                };
                names.extend(name.map(str::to_owned));
                if let ("Fn::Sub", Value::String(pattern)) = (key.as_str(), argument) {
                    let placeholders = pattern.split("${").skip(1);
                    let inner = placeholders.filter_map(|rest| rest.split(['}', '.']).next());
                    names.extend(inner.map(str::to_owned));
                }
                collect(argument, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_retained_resources_and_what_they_use_are_in_the_template() {
        let template = template(include_str!("../../../../template.yaml")).unwrap();
        let names = |section: &str| -> Vec<String> { template[section].as_object().unwrap().keys().cloned().collect() };
        let resources = names("Resources");
        for expected in ["Table", "LogoBucket"] {
            assert!(resources.contains(&expected.to_owned()), "{resources:?}");
        }
        for (name, resource) in template["Resources"].as_object().unwrap() {
            assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
            assert!(!resource["Type"].as_str().unwrap().contains("Serverless"), "{name}");
        }
        assert!(names("Parameters").contains(&"TableDeletionProtection".to_owned()));
        // Import asks for a value of each parameter without a default.
        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            assert!(parameter.get("Default").is_some(), "{name}");
        }
        assert!(names("Conditions").contains(&"HasTableKey".to_owned()));
        assert!(template.get("Transform").is_none());
    }

    #[test]
    fn a_reference_to_a_resource_that_is_not_retained_is_an_error() {
        let text =
            "Resources: {A: {Type: X, DeletionPolicy: Retain, Properties: {B: !Sub '${B.Arn}/*'}}, B: {Type: Y}}";
        let error = template(text).unwrap_err().to_string();
        assert!(error.contains("refers to `B`"), "{error}");
        assert!(template("Resources: {B: {Type: Y}}").is_err());
    }
}
