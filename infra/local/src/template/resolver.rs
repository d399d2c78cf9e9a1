//! Resolves CloudFormation's intrinsic functions, parameters, conditions and pseudo parameters.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use serde_json::{Map, Value};

use super::names::{self, STACK};
use super::unresolved::Unresolved;
use crate::arn;
use crate::plan::{ACCOUNT, REGION};

/// The limit of nested references. A template exceeds it only if it refers to itself in a circle.
const DEEPEST: u32 = 40;

type Resolved<T> = Result<T, Unresolved>;

/// Resolves the values of one template.
pub struct Resolver<'a> {
    pub resources: &'a Map<String, Value>,
    mappings: Map<String, Value>,
    conditions: Map<String, Value>,
    parameters: HashMap<String, Value>,
    /// The start of queue URLs.
    pub aws_url: &'a str,
    pub api_url: &'a str,
    depth: Cell<u32>,
}

impl<'a> Resolver<'a> {
    /// `local_values` are the parameter values from `Metadata: LocalCloud`.
    pub fn new(
        template: &'a Value,
        resources: &'a Map<String, Value>,
        local_values: &BTreeMap<String, String>,
        aws_url: &'a str,
        api_url: &'a str,
    ) -> Resolved<Self> {
        let section = |name: &str| {
            template
                .get(name)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let declared = section("Parameters");
        if let Some(unknown) = local_values.keys().find(|name| !declared.contains_key(*name)) {
            return Err(Unresolved::new(format!("there is no such parameter: `{unknown}`"))
                .under("Metadata.LocalCloud.Parameters"));
        }
        let mut parameters = HashMap::new();
        for (name, declaration) in &declared {
            let text = match (local_values.get(name), declaration.get("Default").and_then(scalar)) {
                (Some(local), _) => local.clone(),
                (None, Some(default)) => default,
                (None, None) => {
                    return Err(Unresolved::new(
                        "there is no Default; set a local value under Metadata: LocalCloud: Parameters",
                    )
                    .under(name)
                    .under("Parameters"));
                }
            };
            let is_list = declaration
                .get("Type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.contains("List"));
            let value = if is_list {
                text.split(',').map(|part| Value::from(part.trim())).collect()
            } else {
                Value::from(text)
            };
            parameters.insert(name.clone(), value);
        }
        Ok(Self {
            resources,
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            parameters,
            aws_url,
            api_url,
            depth: Cell::new(0),
        })
    }

    /// The value with every intrinsic function resolved. `None` for `AWS::NoValue`.
    pub fn resolve(&self, value: &Value) -> Resolved<Option<Value>> {
        match value {
            Value::Array(items) => {
                let mut out = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    out.extend(self.resolve(item).map_err(|e| e.under(&index.to_string()))?);
                }
                Ok(Some(Value::Array(out)))
            }
            Value::Object(map) => {
                if let Some((name, argument)) = intrinsic(map) {
                    if self.depth.get() > DEEPEST {
                        return Err(Unresolved::new(format!("{name} refers to itself in a circle")));
                    }
                    self.depth.set(self.depth.get() + 1);
                    let result = self.call(name, argument);
                    self.depth.set(self.depth.get() - 1);
                    return result;
                }
                let mut out = Map::new();
                for (key, item) in map {
                    if let Some(item) = self.resolve(item).map_err(|e| e.under(key))? {
                        out.insert(key.clone(), item);
                    }
                }
                Ok(Some(Value::Object(out)))
            }
            other => Ok(Some(other.clone())),
        }
    }

    /// Like [`Self::resolve`], for a value that must be text.
    pub fn text(&self, value: &Value) -> Resolved<String> {
        let resolved = self.resolve(value)?.unwrap_or(Value::Null);
        scalar(&resolved).ok_or_else(|| Unresolved::new(format!("expected text, found {resolved}")))
    }

    /// Whether a resource is in the stack: it has no condition, or its condition is true.
    pub fn is_included(&self, resource: &Value) -> Resolved<bool> {
        match resource.get("Condition").and_then(Value::as_str) {
            Some(name) => self.condition(name).map_err(|e| e.under("Condition")),
            None => Ok(true),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Resolved<Option<Value>> {
        let at = |e: Unresolved| e.under(name);
        match name {
            "Ref" => {
                let target = argument.as_str().ok_or_else(|| Unresolved::new("Ref takes a name"))?;
                if target == "AWS::NoValue" {
                    Ok(None)
                } else {
                    self.reference(target).map(Some)
                }
            }
            "Fn::GetAtt" => self.attribute(argument).map(Some),
            "Fn::Sub" => self.substitute(argument).map(Value::from).map(Some).map_err(at),
            "Fn::Join" => self.join(argument).map(Value::from).map(Some).map_err(at),
            "Fn::Select" => self.select(argument).map(Some).map_err(at),
            "Fn::Split" => self.split(argument).map(Some).map_err(at),
            "Fn::FindInMap" => self.find_in_map(argument).map(Some).map_err(at),
            "Fn::Base64" => {
                let text = self.text(argument).map_err(at)?;
                Ok(Some(base64::engine::general_purpose::STANDARD.encode(text).into()))
            }
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(argument)?;
                let name = condition
                    .as_str()
                    .ok_or_else(|| Unresolved::new("Fn::If takes a condition's name first"))?;
                self.resolve(if self.condition(name)? { yes } else { no })
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                self.holds_function(name, argument).map(Value::from).map(Some)
            }
            _ => Err(Unresolved::new(format!(
                "the local cloud does not support the function {name}"
            ))),
        }
    }

    fn reference(&self, target: &str) -> Resolved<Value> {
        let pseudo = match target {
            "AWS::Region" => Some(REGION),
            "AWS::AccountId" => Some(ACCOUNT),
            "AWS::StackName" => Some(STACK),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            "AWS::StackId" => {
                Some("arn:aws:cloudformation:us-east-1:000000000000:stack/local/00000000-0000-0000-0000-000000000000")
            }
            _ => None,
        };
        if let Some(text) = pseudo {
            return Ok(text.into());
        }
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        let name = match self.kind(target) {
            Some(kind) => Some(names::reference(kind, self.name(target)?, self.aws_url)),
            None => names::implicit(self.resources, target),
        };
        name.map(Value::from).ok_or_else(|| {
            Unresolved::new(format!(
                "`{target}` is neither a parameter nor a resource of this template"
            ))
        })
    }

    /// The resource's name: the one that the template chooses, or one from the stack's name and the logical id.
    pub fn name(&self, logical_id: &str) -> Resolved<String> {
        let kind = self.kind(logical_id).unwrap_or_default();
        let declared = names::property(kind).and_then(|property| self.property(logical_id, property));
        match declared {
            Some(name) => self.text(name),
            None => Ok(names::default(kind, logical_id)),
        }
    }

    fn kind(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id)?.get("Type")?.as_str()
    }

    fn property(&self, logical_id: &str, property: &str) -> Option<&Value> {
        self.resources.get(logical_id)?.get("Properties")?.get(property)
    }

    fn attribute(&self, argument: &Value) -> Resolved<Value> {
        let (resource, attribute) = match argument {
            Value::String(dotted) => dotted.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
            Value::Array(parts) => match parts.as_slice() {
                [resource, attribute] => Some((self.text(resource)?, self.text(attribute)?)),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| Unresolved::new("GetAtt takes a resource and an attribute"))?;
        self.attribute_of(&resource, &attribute).map(Value::from)
    }

    fn attribute_of(&self, logical_id: &str, attribute: &str) -> Resolved<String> {
        let Some(kind) = self.kind(logical_id) else {
            return match names::implicit(self.resources, logical_id) {
                Some(name) => Ok(arn::of("local", &name)),
                None => Err(Unresolved::new(format!(
                    "`{logical_id}` is not a resource of this template"
                ))),
            };
        };
        let name = self.name(logical_id)?;
        match (kind, attribute) {
            ("AWS::DynamoDB::Table", "StreamArn") if self.property(logical_id, "StreamSpecification").is_none() => {
                return Err(Unresolved::new(format!(
                    "the table `{logical_id}` has no StreamSpecification, so no stream"
                )));
            }
            ("AWS::Events::Rule", "Arn") => {
                let bus = match self.property(logical_id, "EventBusName") {
                    Some(bus) => self.text(bus)?,
                    None => arn::DEFAULT_BUS.to_owned(),
                };
                return Ok(arn::rule(arn::bus_name(&bus), &name));
            }
            _ => {}
        }
        let resource = names::Resource {
            logical_id,
            kind,
            name: &name,
        };
        names::attribute(&resource, attribute, self.aws_url, self.api_url).ok_or_else(|| {
            Unresolved::new(format!(
                "{kind} (`{logical_id}`) has no attribute `{attribute}` on the local cloud"
            ))
        })
    }

    fn substitute(&self, argument: &Value) -> Resolved<String> {
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(own)] => (pattern.as_str(), Some(own)),
                _ => return Err(Unresolved::new("expected text and a map of values")),
            },
            _ => return Err(Unresolved::new("expected text")),
        };
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, remaining) = after
                .split_once('}')
                .ok_or_else(|| Unresolved::new(format!("`${{` without `}}` in {pattern:?}")))?;
            rest = remaining;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match own.and_then(|own| own.get(name)) {
                Some(value) => Value::from(self.text(value)?),
                None if name.contains('.') => self.attribute(&Value::from(name))?,
                None => self.reference(name)?,
            };
            out.push_str(
                &scalar(&value)
                    .ok_or_else(|| Unresolved::new(format!("`{name}` is a list, which Sub does not accept")))?,
            );
        }
        out.push_str(rest);
        Ok(out)
    }

    fn join(&self, argument: &Value) -> Resolved<String> {
        let [separator, parts] = self.arguments(argument)?;
        let separator = self.text(separator)?;
        let parts = self.list(parts)?;
        let parts: Option<Vec<String>> = parts.iter().map(scalar).collect();
        Ok(parts
            .ok_or_else(|| Unresolved::new("every part must be text"))?
            .join(&separator))
    }

    fn select(&self, argument: &Value) -> Resolved<Value> {
        let [index, items] = self.arguments(argument)?;
        let index = self.text(index)?;
        let items = self.list(items)?;
        let found = index.parse::<usize>().ok().and_then(|index| items.get(index));
        found
            .cloned()
            .ok_or_else(|| Unresolved::new(format!("a list of {} has no item {index}", items.len())))
    }

    fn split(&self, argument: &Value) -> Resolved<Value> {
        let [separator, text] = self.arguments(argument)?;
        let (separator, text) = (self.text(separator)?, self.text(text)?);
        Ok(text.split(&separator).map(Value::from).collect())
    }

    fn find_in_map(&self, argument: &Value) -> Resolved<Value> {
        let [map, first, second] = self.arguments(argument)?;
        let (map, first, second) = (self.text(map)?, self.text(first)?, self.text(second)?);
        let found = self
            .mappings
            .get(&map)
            .and_then(|map| map.get(&first))
            .and_then(|level| level.get(&second));
        found
            .cloned()
            .ok_or_else(|| Unresolved::new(format!("Mappings has no {map}.{first}.{second}")))
    }

    fn condition(&self, name: &str) -> Resolved<bool> {
        let expression = self
            .conditions
            .get(name)
            .ok_or_else(|| Unresolved::new(format!("there is no condition `{name}`")))?;
        self.holds(expression).map_err(|e| e.under(name).under("Conditions"))
    }

    fn holds(&self, expression: &Value) -> Resolved<bool> {
        if self.depth.get() > DEEPEST {
            return Err(Unresolved::new("a condition refers to itself in a circle"));
        }
        let Some((name, argument)) = expression.as_object().and_then(single_entry) else {
            return Err(Unresolved::new(format!("this is not a condition: {expression}")));
        };
        self.depth.set(self.depth.get() + 1);
        let result = match (name, argument.as_str()) {
            ("Condition", Some(other)) => self.condition(other),
            _ => self.holds_function(name, argument),
        };
        self.depth.set(self.depth.get() - 1);
        result
    }

    fn holds_function(&self, name: &str, argument: &Value) -> Resolved<bool> {
        let parts = argument
            .as_array()
            .ok_or_else(|| Unresolved::new(format!("{name} takes a list")))?;
        match (name, parts.as_slice()) {
            ("Fn::Equals", [left, right]) => Ok(self.text(left)? == self.text(right)?),
            ("Fn::Not", [only]) => Ok(!self.holds(only)?),
            ("Fn::And", parts) => parts.iter().try_fold(true, |all, part| Ok(self.holds(part)? && all)),
            ("Fn::Or", parts) => parts.iter().try_fold(false, |any, part| Ok(self.holds(part)? || any)),
            _ => Err(Unresolved::new(format!("a condition cannot use {name} in this way"))),
        }
    }

    fn arguments<'v, const N: usize>(&self, argument: &'v Value) -> Resolved<&'v [Value; N]> {
        let parts = argument.as_array().and_then(|parts| parts.as_slice().try_into().ok());
        parts.ok_or_else(|| Unresolved::new(format!("expected a list of {N}")))
    }

    fn list(&self, value: &Value) -> Resolved<Vec<Value>> {
        match self.resolve(value)? {
            Some(Value::Array(items)) => Ok(items),
            other => Err(Unresolved::new(format!(
                "expected a list, found {}",
                other.unwrap_or_default()
            ))),
        }
    }
}

/// Text, numbers and booleans as text.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn single_entry(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) => Some((name, argument)),
        _ => None,
    }
}

fn intrinsic(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    single_entry(map).filter(|(name, _)| *name == "Ref" || name.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolve_in(template: Value, value: Value) -> Result<Option<Value>, String> {
        let resources = template["Resources"].as_object().cloned().unwrap_or_default();
        let resolver = Resolver::new(&template, &resources, &BTreeMap::new(), "http://aws", "http://api")
            .map_err(|e| e.to_string())?;
        resolver.resolve(&value).map_err(|e| e.to_string())
    }

    #[test]
    fn functions_nest() {
        let template = json!({
            "Parameters": {"Env": {"Type": "String", "Default": "dev"}, "Ids": {"Type": "CommaDelimitedList", "Default": "a, b"}},
            "Mappings": {"Sizes": {"dev": {"memory": 128}}},
            "Conditions": {"IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]}, "Not": {"Fn::Not": [{"Condition": "IsDev"}]}},
        });
        let value = json!({
            "join": {"Fn::Join": ["-", ["x", {"Ref": "Env"}, {"Ref": "AWS::Region"}]]},
            "sub": {"Fn::Sub": ["${Env}/${own}/${!kept}", {"own": {"Fn::Select": [1, {"Ref": "Ids"}]}}]},
            "map": {"Fn::FindInMap": ["Sizes", {"Ref": "Env"}, "memory"]},
            "if": {"Fn::If": ["Not", "no", {"Fn::Select": ["0", {"Fn::Split": [",", "yes,no"]}]}]},
            "gone": {"Fn::If": ["IsDev", {"Ref": "AWS::NoValue"}, "there"]},
            "base64": {"Fn::Base64": "hi"},
        });
        assert_eq!(
            resolve_in(template, value).unwrap().unwrap(),
            json!({"join": "x-dev-us-east-1", "sub": "dev/b/${kept}", "map": 128, "if": "yes", "base64": "aGk="})
        );
    }

    #[test]
    fn an_unknown_reference_names_its_property() {
        let error = resolve_in(
            json!({}),
            json!({"Environment": {"Variables": {"A": {"Fn::Sub": "x${Nope}"}}}}),
        );
        assert_eq!(
            error.unwrap_err(),
            "Environment.Variables.A.Fn::Sub: `Nope` is neither a parameter nor a resource of this template"
        );
    }

    #[test]
    fn the_error_for_a_parameter_without_a_value_suggests_where_to_set_it() {
        let error = resolve_in(json!({"Parameters": {"Issuer": {"Type": "String"}}}), json!("x")).unwrap_err();
        assert!(
            error.starts_with("Parameters.Issuer: ") && error.contains("LocalCloud"),
            "{error}"
        );
    }

    #[test]
    fn circular_references_are_an_error() {
        let template = json!({"Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}}});
        assert!(
            resolve_in(template, json!({"Fn::If": ["A", 1, 2]}))
                .unwrap_err()
                .contains("circle")
        );
        let queue = json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": "Q.QueueName"}}});
        let template = json!({"Resources": {"Q": queue}});
        assert!(
            resolve_in(template, json!({"Ref": "Q"}))
                .unwrap_err()
                .contains("circle")
        );
    }
}
