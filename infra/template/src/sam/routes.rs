//! The API's part of the template: an OpenAPI definition with a route for each endpoint, the throttles of public routes, and the role as
//! which API Gateway invokes the functions.
//!
//! API Gateway invokes functions as a role, because a permission for each route would take a resource each.

use super::{fill, id};
use runtime::{
    Function, Spec, Started,
    function::EndpointFunction,
    spec::{Method, parameters_of},
};
use std::collections::{BTreeMap, BTreeSet};

/// The route of requests to which no other route applies.
pub const DEFAULT: &str = "$default";

/// The policies that hold the API's permissions. A role may have ten. More policies would move functions from one to another, and CloudFormation
/// updates the policies in any order: for a moment, the API might not invoke a moved function.
const POLICIES: u32 = 6;

/// A route of the API. The function's name is the one in the template.
struct Route {
    path: &'static str,
    /// As in an OpenAPI document.
    method: &'static str,
    function: String,
    /// The prefix of the parameters that limit its rate, if it has limits of its own.
    throttle: Option<&'static str>,
}

fn routes(functions: &[&Function]) -> Vec<Route> {
    let endpoints = functions.iter().flat_map(|function| match function {
        Function::Endpoint(endpoint) => endpoint.by_route(),
        _ => Vec::new(),
    });
    let mut routes: Vec<Route> = endpoints.flat_map(|endpoint| routes_of(&endpoint)).collect();
    for function in functions {
        if let Function::Standalone(f) = function
            && f.spec.started == Started::ByUnknownRoutes
        {
            routes.push(Route {
                path: DEFAULT,
                method: "x-amazon-apigateway-any-method",
                function: id(f.spec.name),
                throttle: Some(PUBLIC),
            });
        }
    }
    routes
}

/// The prefix of the parameters that limit public routes without limits of their own.
const PUBLIC: &str = "Public";

fn routes_of(endpoint: &EndpointFunction) -> Vec<Route> {
    let Spec {
        name, method, route, ..
    } = endpoint.spec;
    let throttle = endpoint.spec.throttle.or(endpoint.access.public.then_some(PUBLIC));
    let methods: &[&str] = match method {
        Method::Get => &["get", "head"],
        Method::Post => &["post"],
        Method::Put => &["put"],
        Method::Patch => &["patch"],
        Method::Delete => &["delete"],
    };
    let with_method = |method: &&'static str| Route {
        path: route,
        method,
        function: id(name),
        throttle,
    };
    methods.iter().map(with_method).collect()
}

/// The properties of the API that follow from its routes.
pub fn properties(functions: &[&Function]) -> String {
    let routes = routes(functions);
    // Paths keep the order of the functions.
    let mut paths: Vec<(&str, String)> = Vec::new();
    for route in &routes {
        let operation = operation(route);
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, operations)) => operations.push_str(&operation),
            None => paths.push((route.path, operation)),
        }
    }
    let paths: Vec<String> = paths
        .iter()
        .map(|(path, operations)| format!("          {path}:\n{operations}"))
        .collect();
    let settings: BTreeMap<String, &str> = routes
        .iter()
        .filter_map(|route| Some((route_key(route), route.throttle?)))
        .collect();
    let settings: Vec<String> = settings
        .iter()
        .map(|(key, throttle)| {
            fill(
                include_str!("parts/route-settings.yaml"),
                &[("{key}", key), ("{throttle}", throttle)],
            )
        })
        .collect();
    fill(
        include_str!("parts/api.yaml"),
        &[
            ("{paths}", &paths.concat()),
            ("{settings}", settings.concat().trim_end()),
        ],
    )
}

fn operation(route: &Route) -> String {
    let parameters: Vec<String> = parameters_of(route.path)
        .map(|name| format!("{{name: {name}, in: path, required: true}}"))
        .collect();
    let mut more = String::new();
    if !parameters.is_empty() {
        more = format!("              parameters: [{}]\n", parameters.join(", "));
    }
    if route.path == DEFAULT {
        more = "              isDefaultRoute: true\n".to_owned();
    }
    fill(
        include_str!("parts/operation.yaml"),
        &[("{method}", route.method), ("{more}", &more), ("{Id}", &route.function)],
    )
}

/// The route's name in API Gateway.
fn route_key(route: &Route) -> String {
    match route.path {
        DEFAULT => DEFAULT.to_owned(),
        path => format!("{} {path}", route.method.to_uppercase()),
    }
}

/// The role, and its permissions to invoke each function of the API and nothing else.
pub fn sections(functions: &[&Function]) -> Vec<String> {
    let policies = policies(functions);
    let references: Vec<String> = policies.keys().map(|policy| format!("!Ref {policy}")).collect();
    let role = fill(
        include_str!("parts/api-role.yaml"),
        &[("{policies}", &references.join(", "))],
    );
    let policies = policies.iter().map(|(policy, names)| {
        let functions: Vec<String> = names
            .iter()
            .map(|name| format!("              - !GetAtt {name}Function.Arn\n"))
            .collect();
        fill(
            include_str!("parts/api-policy.yaml"),
            &[("{policy}", policy), ("{functions}", functions.concat().trim_end())],
        )
    });
    std::iter::once(role).chain(policies).collect()
}

/// The functions of the API by policy. The policy follows from the function's name alone, so a new function moves no other.
fn policies(functions: &[&Function]) -> BTreeMap<String, BTreeSet<String>> {
    let mut policies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in routes(functions) {
        let hash = |hash: u32, byte: u8| hash.wrapping_mul(33).wrapping_add(byte.into());
        let number = 1 + route.function.bytes().fold(0, hash) % POLICIES;
        policies
            .entry(format!("ApiPolicy{number}"))
            .or_default()
            .insert(route.function);
    }
    policies
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quotas of an HTTP API. The second one cannot be raised: beyond it, routes of one function must share an integration, by
    /// `components/x-amazon-apigateway-integrations`, which the SAM CLI does not read.
    const ROUTES: usize = 300;
    const INTEGRATIONS: usize = 300;

    #[test]
    fn the_api_stays_within_its_quotas() {
        let functions = crate::functions();
        let functions: Vec<&Function> = functions.iter().collect();
        let routes = routes(&functions);
        assert!(routes.len() <= ROUTES.min(INTEGRATIONS), "{}", routes.len());
        let (gets, heads) = (
            routes.iter().filter(|route| route.method == "get").count(),
            routes.iter().filter(|route| route.method == "head").count(),
        );
        assert!(gets > 20 && gets == heads, "{gets} {heads}");
    }

    /// AWS allows 6,144 characters in a managed policy. The ARN of a function takes at most 128 of them.
    #[test]
    fn no_policy_is_longer_than_aws_allows() {
        let functions = crate::functions();
        let functions: Vec<&Function> = functions.iter().collect();
        let policies = policies(&functions);
        assert_eq!(policies.len(), POLICIES as usize);
        for (policy, functions) in policies {
            assert!(functions.len() <= 45, "{policy}: {}", functions.len());
        }
    }

    #[test]
    fn each_public_route_has_a_throttle_and_verification_its_own() {
        let functions = crate::functions();
        let functions: Vec<&Function> = functions.iter().collect();
        let throttles: Vec<(String, &str)> = routes(&functions)
            .iter()
            .filter_map(|route| Some((route_key(route), route.throttle?)))
            .collect();
        assert_eq!(
            throttles,
            [
                ("POST /v1/api-keys/verify".to_owned(), "ApiKeyVerify"),
                ("GET /v1/openapi.json".to_owned(), PUBLIC),
                ("HEAD /v1/openapi.json".to_owned(), PUBLIC),
                (DEFAULT.to_owned(), PUBLIC),
            ]
        );
    }
}
