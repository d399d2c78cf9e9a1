//! The declarations of all functions: names, summaries, routes, grants.

use crate::support::{endpoints, functions, tasks};
use std::collections::BTreeSet;

#[test]
fn function_names_are_unique_and_valid() {
    let mut names = BTreeSet::new();
    for function in functions() {
        let name = function.name();
        assert!(names.insert(name), "{name} is used twice");
        let fits = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(name.chars().all(fits) && name.len() <= 40, "{name}");
    }
}

#[test]
fn every_function_has_a_summary() {
    for function in functions() {
        assert!(function.summary().ends_with('.'), "{}", function.name());
    }
}

#[test]
fn no_two_routes_match_the_same_path() {
    let mut shapes = BTreeSet::new();
    for endpoint in endpoints() {
        let parts = endpoint
            .spec
            .route
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        let shape = format!(
            "{} {}",
            endpoint.spec.method.name(),
            parts.collect::<Vec<_>>().join("/")
        );
        assert!(shapes.insert(shape), "{}", endpoint.spec.name);
    }
}

#[test]
fn routes_start_with_v1_and_have_distinct_parameters() {
    for endpoint in endpoints() {
        assert!(
            endpoint.spec.route.starts_with("/v1/") && !endpoint.spec.route.ends_with('/'),
            "{}",
            endpoint.spec.route
        );
        let names: Vec<_> = endpoint.spec.path_parameters().collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), unique.len(), "{}", endpoint.spec.route);
    }
}

#[test]
fn every_task_consumes_an_event() {
    for task in tasks() {
        assert!(!task.spec.on.is_empty(), "{}", task.spec.name);
    }
}
