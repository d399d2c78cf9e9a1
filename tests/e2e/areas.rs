//! The areas' binaries: each serves the function that Lambda names, and holds no client that none of its functions uses.

use super::cloud::binary;
use runtime::{Area, Function};
use std::{fs, process::Command};
use template::AREAS;

/// Starts an area's binary outside Lambda, and gives back the line that it logs before it ends.
fn refusal(area: &Area, handler: Option<&str>) -> String {
    let mut command = Command::new(binary(area.name));
    command.env_clear();
    if let Some(handler) = handler {
        command.env("_HANDLER", handler);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", area.name);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_binary_refuses_a_handler_that_its_area_does_not_have() {
    for area in AREAS {
        let line = refusal(area, Some("no-such-function"));
        let error: serde_json::Value = serde_json::from_str(&line).unwrap();
        let error = error["error"].as_str().unwrap();
        assert!(
            error.contains("no-such-function") && error.contains(area.name),
            "{error}"
        );
        for function in area.functions {
            assert!(error.contains(function.name()), "{error}");
        }
        assert!(refusal(area, None).contains("_HANDLER is not set"), "{}", area.name);
    }
}

#[test]
fn only_areas_that_use_a_client_link_it() {
    let uses_objects = |function: &Function| function.needs().logos || function.needs().failures;
    let publishes = |function: &Function| function.needs().bus;
    for area in AREAS {
        let binary = fs::read(binary(area.name)).unwrap();
        let symbols = String::from_utf8_lossy(&binary);
        // A mangled symbol names the module of a client's requests like this.
        let links = |module: &str| symbols.contains(module);
        let (objects, bus) = (
            area.functions.iter().any(uses_objects),
            area.functions.iter().any(publishes),
        );
        assert_eq!(links("aws_sdk_s39operation"), objects, "S3 in {}", area.name);
        assert_eq!(
            links("aws_sdk_eventbridge9operation"),
            bus,
            "EventBridge in {}",
            area.name
        );
    }
}
