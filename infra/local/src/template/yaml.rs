//! Parses YAML with CloudFormation's short tags into the JSON of their long forms.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

/// Parses a template: `!Ref X` becomes `{"Ref": "X"}`, `!Sub …` becomes `{"Fn::Sub": …}`.
pub fn parse(text: &str) -> Result<Value> {
    let yaml: Yaml = yaml_serde::from_str(text).context("this is not valid YAML")?;
    to_json(yaml)
}

fn to_json(yaml: Yaml) -> Result<Value> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::Number(number) => number_to_json(&number)?,
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key_to_string(key)?, to_json(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let argument = to_json(tagged.value)?;
            match name {
                "Ref" | "Condition" => json!({ name: argument }),
                "GetAtt" => json!({ "Fn::GetAtt": argument }),
                _ => json!({ format!("Fn::{name}"): argument }),
            }
        }
    })
}

fn number_to_json(number: &yaml_serde::Number) -> Result<Value> {
    if let Some(whole) = number.as_i64() {
        return Ok(whole.into());
    }
    if let Some(whole) = number.as_u64() {
        return Ok(whole.into());
    }
    let float = number.as_f64().and_then(serde_json::Number::from_f64);
    float
        .map(Value::Number)
        .with_context(|| format!("the number {number} is not valid in JSON"))
}

fn key_to_string(key: Yaml) -> Result<String> {
    Ok(match key {
        Yaml::String(text) => text,
        Yaml::Number(number) => number.to_string(),
        Yaml::Bool(flag) => flag.to_string(),
        other => bail!("a mapping key must be text or a number, not {other:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let text =
            "a: !Ref X\nb: !GetAtt Y.Arn\nc: !Sub '${Z}'\nd: !If [C, !Ref A, !Ref 'AWS::NoValue']\ne: !Condition C";
        assert_eq!(
            parse(text).unwrap(),
            json!({
                "a": {"Ref": "X"},
                "b": {"Fn::GetAtt": "Y.Arn"},
                "c": {"Fn::Sub": "${Z}"},
                "d": {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]},
                "e": {"Condition": "C"},
            })
        );
    }

    #[test]
    fn dates_and_versions_stay_text() {
        assert_eq!(parse("Version: 2012-10-17").unwrap(), json!({"Version": "2012-10-17"}));
    }

    #[test]
    fn a_syntax_error_names_the_line() {
        let error = format!("{:#}", parse("a: [1, 2\nb: 3").unwrap_err());
        assert!(error.contains("line"), "{error}");
    }
}
