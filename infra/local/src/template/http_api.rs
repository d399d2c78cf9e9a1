//! Reads the HTTP API: the routes of its OpenAPI definition, its throttles and its CORS configuration.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::functions::check_path;
use super::lenient::{Flag, Number, properties};
use crate::plan::{Cors, Plan, Route, Throttle, Throttles};

/// The path of the default route. SAM adds a slash for API Gateway's import.
const DEFAULT: &str = "$default";
const ANY: &str = "x-amazon-apigateway-any-method";
const INTEGRATION: &str = "x-amazon-apigateway-integration";
const METHODS: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options", ANY];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApiProperties {
    cors_configuration: Option<Value>,
    definition_body: Option<Definition>,
    definition_uri: Option<Value>,
    auth: Option<Value>,
    default_route_settings: Option<RouteSettings>,
    #[serde(default)]
    route_settings: BTreeMap<String, RouteSettings>,
}

/// Of the OpenAPI definition.
#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Integration {
    r#type: String,
    payload_format_version: Option<String>,
    uri: String,
    credentials: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RouteSettings {
    throttling_rate_limit: Option<Value>,
    throttling_burst_limit: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CorsProperties {
    #[serde(default)]
    allow_origins: Vec<String>,
    #[serde(default)]
    allow_methods: Vec<String>,
    #[serde(default)]
    allow_headers: Vec<String>,
    #[serde(default)]
    expose_headers: Vec<String>,
    max_age: Option<Number>,
    #[serde(default)]
    allow_credentials: Flag,
}

pub fn http_api(plan: &mut Plan, logical_id: &str, resolved: &Value) -> Result<()> {
    let declared: HttpApiProperties = properties(resolved)?;
    if declared.definition_uri.is_some() {
        plan.warnings.push(format!(
            "{logical_id}: the local cloud reads routes from DefinitionBody and from the functions' events, not from DefinitionUri"
        ));
    }
    if declared.auth.is_some() {
        plan.warnings.push(format!(
            "{logical_id}: the local cloud does not run authorizers; every request reaches its function"
        ));
    }
    for (path, operations) in declared
        .definition_body
        .map(|definition| definition.paths)
        .unwrap_or_default()
    {
        for (method, operation) in operations {
            if METHODS.contains(&method.as_str()) {
                let route = route(&path, &method, &operation);
                plan.routes
                    .push(route.with_context(|| format!("DefinitionBody.paths.{path}.{method}"))?);
            }
        }
    }
    plan.throttles = throttles(declared.default_route_settings, declared.route_settings)?;
    if let Some(cors) = cors(declared.cors_configuration)? {
        ensure!(
            plan.cors.is_none(),
            "CorsConfiguration: the local cloud serves one HTTP API, and another API has a CorsConfiguration already"
        );
        plan.cors = Some(cors);
    }
    Ok(())
}

fn route(path: &str, method: &str, operation: &Value) -> Result<Route> {
    let integration = operation
        .get(INTEGRATION)
        .with_context(|| format!("{INTEGRATION} is missing"))?;
    let integration: Integration = properties(integration).context(INTEGRATION)?;
    ensure!(
        integration.r#type.eq_ignore_ascii_case("aws_proxy"),
        "{INTEGRATION}.type: the local cloud supports aws_proxy only"
    );
    ensure!(
        integration.payload_format_version.as_deref() == Some("2.0"),
        "{INTEGRATION}.payloadFormatVersion: the local cloud supports 2.0 only"
    );
    let path = match path.strip_prefix('/') {
        Some(DEFAULT) => DEFAULT,
        _ => path,
    };
    if path != DEFAULT {
        check_path(path)?;
    }
    // The URI has the function's ARN between `/functions/` and `/invocations`, or is the ARN.
    let uri = &integration.uri;
    let arn = uri.split_once("/functions/").map_or(uri.as_str(), |(_, rest)| rest);
    let arn = arn.strip_suffix("/invocations").unwrap_or(arn);
    let (_, function) = arn
        .split_once(":function:")
        .with_context(|| format!("{INTEGRATION}.uri: {uri} names no function"))?;
    let role = integration.credentials.with_context(|| {
        format!("{INTEGRATION}.credentials is missing: the local cloud checks by its role that the API may invoke the function")
    })?;
    Ok(Route {
        method: (method != ANY).then(|| method.to_uppercase()),
        path: path.to_owned(),
        function: function.to_owned(),
        role: Some(role),
    })
}

fn throttles(default: Option<RouteSettings>, routes: BTreeMap<String, RouteSettings>) -> Result<Throttles> {
    let default = default
        .map(|settings| throttle(&settings))
        .transpose()
        .context("DefaultRouteSettings")?;
    let mut throttles = Throttles {
        default: default.flatten(),
        ..Throttles::default()
    };
    for (key, settings) in routes {
        let throttle = throttle(&settings).with_context(|| format!("RouteSettings.{key}"))?;
        throttles
            .routes
            .extend(throttle.map(|throttle| (key.clone(), throttle)));
    }
    Ok(throttles)
}

fn throttle(settings: &RouteSettings) -> Result<Option<Throttle>> {
    let (rate, burst) = match (&settings.throttling_rate_limit, &settings.throttling_burst_limit) {
        (None, None) => return Ok(None),
        (Some(rate), Some(burst)) => (rate, burst),
        _ => {
            bail!("ThrottlingRateLimit and ThrottlingBurstLimit need each other: API Gateway takes a missing one for 0")
        }
    };
    let number = |name: &str, value: &Value| {
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        number
            .filter(|number| *number >= 0.0)
            .with_context(|| format!("{name}: {value} is not a number from 0"))
    };
    Ok(Some(Throttle {
        rate: number("ThrottlingRateLimit", rate)?,
        burst: number("ThrottlingBurstLimit", burst)?,
    }))
}

fn cors(declared: Option<Value>) -> Result<Option<Cors>> {
    Ok(match declared {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(Cors {
            allow_origins: vec!["*".to_owned()],
            ..Cors::default()
        }),
        Some(configuration) => {
            let cors: CorsProperties = properties(&configuration).context("CorsConfiguration")?;
            Some(Cors {
                allow_origins: cors.allow_origins,
                allow_methods: cors.allow_methods,
                allow_headers: cors.allow_headers,
                expose_headers: cors.expose_headers,
                max_age: cors.max_age.and_then(Number::limit),
                allow_credentials: cors.allow_credentials.0,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::{Plan, Throttle};
    use crate::template::{Surroundings, parse};

    const TEMPLATE: &str = r"
Parameters:
  Rate: {Type: Number, Default: 5}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefaultRouteSettings: {ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: 20}
      RouteSettings:
        GET /things/{id}: {ThrottlingRateLimit: !Ref Rate, ThrottlingBurstLimit: 1}
      DefinitionBody:
        openapi: 3.0.1
        paths:
          /things/{id}:
            summary: not a method
            get:
              x-amazon-apigateway-integration:
                type: aws_proxy
                payloadFormatVersion: '2.0'
                credentials: !GetAtt Role.Arn
                uri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Get.Arn}/invocations
          $default:
            x-amazon-apigateway-any-method:
              x-amazon-apigateway-integration: {type: AWS_PROXY, payloadFormatVersion: '2.0', credentials: !GetAtt Role.Arn, uri: !GetAtt Get.Arn}
  Get:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, CodeUri: target/lambda/get, FunctionName: get}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: apigateway.amazonaws.com}}]
      ManagedPolicyArns: [!Ref Policy]
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Statement: [{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: [!GetAtt Get.Arn]}]}
";

    fn load(template: &str) -> anyhow::Result<Plan> {
        let surroundings = Surroundings {
            api_url: "http://api",
            aws_url: "http://aws",
            values: &[],
        };
        parse(template, &surroundings)
    }

    #[test]
    fn a_definition_gives_routes_and_throttles() {
        let plan = load(TEMPLATE).unwrap();
        let routes: Vec<_> = plan
            .routes
            .iter()
            .map(|route| (route.key(), route.function.as_str()))
            .collect();
        assert_eq!(
            routes,
            [("$default".to_owned(), "get"), ("GET /things/{id}".to_owned(), "get")]
        );
        assert_eq!(plan.throttles.default, Some(Throttle { rate: 0.5, burst: 20.0 }));
        assert_eq!(
            plan.throttles.routes["GET /things/{id}"],
            Throttle { rate: 5.0, burst: 1.0 }
        );
        assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    }

    #[test]
    fn a_slash_before_the_default_route_means_the_same() {
        let plan = load(&TEMPLATE.replace("          $default:", "          /$default:")).unwrap();
        assert_eq!(plan.routes[0].key(), "$default");
    }

    #[test]
    fn a_definition_that_would_fail_on_aws_is_refused() {
        for (from, to, expected) in [
            (
                "payloadFormatVersion: '2.0'\n",
                "payloadFormatVersion: '1.0'\n",
                "supports 2.0 only",
            ),
            (
                "                type: aws_proxy",
                "                type: http_proxy",
                "supports aws_proxy only",
            ),
            (
                "                credentials: !GetAtt Role.Arn\n",
                "",
                "DefinitionBody.paths./things/{id}.get: x-amazon-apigateway-integration.credentials is missing",
            ),
            (
                "Resource: [!GetAtt Get.Arn]",
                "Resource: ['arn:aws:lambda:us-east-1:000000000000:function:other']",
                "the role arn:aws:iam::000000000000:role/local-Role has no policy of this template that allows \
                 lambda:InvokeFunction on arn:aws:lambda:us-east-1:000000000000:function:get",
            ),
            (
                "'lambda:InvokeFunction'",
                "'lambda:GetFunction'",
                "route `$default`: the role",
            ),
            (
                "Effect: Allow, Action: 'lambda",
                "Effect: Deny, Action: 'lambda",
                "has no policy",
            ),
            (
                "Resource: [!GetAtt Get.Arn]",
                "Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'true'}}",
                "has no policy",
            ),
            ("      ManagedPolicyArns: [!Ref Policy]\n", "", "has no policy"),
            (
                "Service: apigateway",
                "Service: lambda",
                "does not trust apigateway.amazonaws.com",
            ),
            ("${Get.Arn}/invocations", "${Role.Arn}/invocations", "names no function"),
            (
                "FunctionName: get",
                "FunctionName: !Ref Nothing",
                "`Nothing` is neither",
            ),
            (
                "        GET /things/{id}:",
                "        GET /things:",
                "the API has no route `GET /things`",
            ),
            (
                ", ThrottlingBurstLimit: 1}",
                "}",
                "RouteSettings.GET /things/{id}: ThrottlingRateLimit and",
            ),
            (
                "ThrottlingRateLimit: 0.5",
                "ThrottlingRateLimit: much",
                "ThrottlingRateLimit: \"much\" is not a number",
            ),
        ] {
            assert!(TEMPLATE.contains(from), "{from}");
            let refusal = format!("{:#}", load(&TEMPLATE.replace(from, to)).err().unwrap());
            assert!(refusal.contains(expected), "{to}: {refusal}");
        }
    }
}
