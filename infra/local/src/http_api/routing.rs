//! Finds the route for a request: the most specific path, segment by segment, and then the exact method before `ANY`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::plan::Route;

pub struct Routes {
    /// The most specific first.
    routes: Vec<(Route, Vec<Segment>)>,
    default: Option<Route>,
}

enum Segment {
    Text(String),
    Parameter(String),
    /// `{name+}`: all remaining segments, at least one.
    Greedy(String),
}

impl Routes {
    pub fn new(routes: &[Route]) -> Self {
        let (defaults, others): (Vec<_>, Vec<_>) = routes.iter().cloned().partition(|route| route.path == "$default");
        let mut routes: Vec<_> = others
            .into_iter()
            .map(|route| {
                let segments = parse(&route.path);
                (route, segments)
            })
            .collect();
        routes.sort_by(|(a, a_segments), (b, b_segments)| {
            more_specific(a_segments, b_segments).then_with(|| a.method.is_none().cmp(&b.method.is_none()))
        });
        Self {
            routes,
            default: defaults.into_iter().next(),
        }
    }

    /// The route for a decoded path, and the values of its parameters.
    pub fn find(&self, method: &str, path: &str) -> Option<(&Route, Map<String, Value>)> {
        let parts: Vec<&str> = split(path);
        self.routes
            .iter()
            .filter(|(route, _)| route.method.as_deref().is_none_or(|own| own == method))
            .find_map(|(route, segments)| Some((route, matches(segments, &parts)?)))
            .or_else(|| Some((self.default.as_ref()?, Map::new())))
    }
}

fn more_specific(a: &[Segment], b: &[Segment]) -> Ordering {
    let rank = |segment: &Segment| match segment {
        Segment::Text(_) => 0,
        Segment::Parameter(_) => 1,
        Segment::Greedy(_) => 2,
    };
    let ranks = a.iter().zip(b).map(|(a, b)| rank(a).cmp(&rank(b)));
    // Only with a greedy segment can paths of different lengths match the same request. The longer one is more specific.
    ranks
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| b.len().cmp(&a.len()))
}

fn split(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

fn parse(path: &str) -> Vec<Segment> {
    split(path)
        .into_iter()
        .map(
            |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => Segment::Text(part.to_owned()),
                Some(name) => match name.strip_suffix('+') {
                    Some(name) => Segment::Greedy(name.to_owned()),
                    None => Segment::Parameter(name.to_owned()),
                },
            },
        )
        .collect()
}

fn matches(segments: &[Segment], parts: &[&str]) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    let mut rest = parts;
    for segment in segments {
        let (first, others) = rest.split_first()?;
        match segment {
            Segment::Text(text) if text == first => {}
            Segment::Parameter(name) if !first.is_empty() => {
                parameters.insert(name.clone(), (*first).into());
            }
            Segment::Greedy(name) => {
                parameters.insert(name.clone(), rest.join("/").into());
                return Some(parameters);
            }
            _ => return None,
        }
        rest = others;
    }
    rest.is_empty().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn routes(keys: &[&str]) -> Routes {
        let route = |key: &&str| {
            let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
            let method = (method != "ANY").then(|| method.to_owned());
            Route {
                method,
                path: path.to_owned(),
                function: (*key).to_owned(),
                role: None,
            }
        };
        Routes::new(&keys.iter().map(route).collect::<Vec<_>>())
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes(&[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "GET /pets/dog/1",
            "ANY /pets/dog/1",
        ]);
        let found = |method, path| routes.find(method, path).unwrap().0.function.as_str();
        assert_eq!(found("GET", "/pets/dog/1"), "GET /pets/dog/1");
        assert_eq!(found("POST", "/pets/dog/1"), "ANY /pets/dog/1");
        assert_eq!(found("GET", "/pets/dog/2"), "GET /pets/dog/{id}");
        assert_eq!(found("GET", "/pets/cat/1"), "GET /pets/{proxy+}");
        assert_eq!(found("POST", "/pets/cat/1"), "ANY /{proxy+}");
        assert_eq!(found("GET", "/"), "ANY /{proxy+}");
    }

    #[test]
    fn text_is_preferred_to_a_parameter_only_for_the_same_method() {
        let routes = routes(&["GET /things/{id}", "POST /things/search", "PATCH /things/{id}"]);
        let found = |method, path| routes.find(method, path).map(|(route, _)| route.function.as_str());
        assert_eq!(found("POST", "/things/search"), Some("POST /things/search"));
        assert_eq!(found("GET", "/things/search"), Some("GET /things/{id}"));
        assert_eq!(found("HEAD", "/things/x"), None);
        assert_eq!(found("GET", "/things"), None);
        assert_eq!(found("GET", "/things/"), None);
        assert_eq!(found("GET", "/things/a/b"), None);
    }

    #[test]
    fn parameters_are_returned_by_name() {
        let routes = routes(&["GET /a/{x}/b/{rest+}"]);
        let (_, parameters) = routes.find("GET", "/a/1 2/b/c/d").unwrap();
        assert_eq!(Value::Object(parameters), json!({"x": "1 2", "rest": "c/d"}));
    }
}
