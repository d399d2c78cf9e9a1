//! The tour as `docs/tour.md` shows it, and two of its scenes at greater length.

use super::{
    Cloud,
    cloud::{binary, root, wait_for},
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::TempDir;

/// One shell block of a document, and the output that the block below it expects; without one, it prints nothing.
#[derive(Debug, Default)]
struct Step {
    commands: String,
    expected: String,
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut language = None;
    for line in document.lines() {
        match (language, line.strip_prefix("```")) {
            (None, Some("sh")) => steps.push(Step::default()),
            (None, _) | (_, Some(_)) => {}
            (Some(language), None) => {
                let step = steps.last_mut().expect("an expected output follows its commands");
                let text = if language == "sh" {
                    &mut step.commands
                } else {
                    &mut step.expected
                };
                text.push_str(line);
                text.push('\n');
            }
        }
        if let Some(fence) = line.strip_prefix("```") {
            language = language.is_none().then_some(fence);
        }
    }
    steps
}

/// Whether the output is the expected one, in which `…` stands for anything.
fn is_as_expected(output: &str, expected: &str) -> bool {
    let mut pieces = expected.trim().split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = output.trim().strip_prefix(first) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// A folder with a `cargo` whose `cargo -q local …` is a subcommand for this cloud, already built.
fn cargo_for(cloud: &Cloud) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cargo");
    let local = binary("local");
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2\" = '-q local' ] || {{ echo \"unexpected: cargo $*\"; exit 1; }}\nshift 2\nexec '{}' \"$@\" --data '{}'\n",
        local.display(),
        cloud.data().display(),
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Replaces the reader's `sleep`: it lasts until nothing has happened for two seconds, however slow the machine is.
const SLEEP: &str = r#"
activity() { cargo -q local events | wc -l; cargo -q local queues; }
sleep() { until before=$(activity); command sleep 2; [ "$before" = "$(activity)" ]; do :; done; }
"#;

/// Each step prints into a file of its own, so that its output can be told from the next one's.
fn script(steps: &[Step], outputs: &Path) -> String {
    let mut script = format!("set -eu\n{SLEEP}");
    for (number, step) in steps.iter().enumerate() {
        let output = outputs.join(number.to_string());
        script.push_str(&format!("exec > '{}' 2>&1\n{}", output.display(), step.commands));
    }
    script
}

#[test]
fn the_tour_prints_what_it_shows() {
    // The README promises that tests need Rust and a C compiler only. CI has both programs and insists on them.
    if ["bash", "curl"]
        .iter()
        .any(|program| Command::new(program).arg("--version").output().is_err())
    {
        println!("the tour was not run: it needs bash and curl");
        return;
    }
    let cloud = Cloud::start();
    let tour = document("docs/tour.md");
    let default_url = "http://127.0.0.1:3000";
    assert_eq!(
        tour.matches(default_url).count(),
        1,
        "the tour names the API's URL once"
    );
    let steps = steps(&tour.replace(default_url, &cloud.api_url()));
    let outputs = tempfile::tempdir().unwrap();
    let cargo = cargo_for(&cloud);
    let mut path = cargo.path().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let status = Command::new("bash")
        .current_dir(root())
        .env("PATH", path)
        .arg("-c")
        .arg(script(&steps, outputs.path()))
        .status()
        .unwrap();
    for (number, Step { commands, expected }) in steps.iter().enumerate() {
        let output = fs::read_to_string(outputs.path().join(number.to_string()))
            .unwrap_or_else(|_| panic!("the tour ended before this step ({status}):\n{commands}"))
            .replace('\r', "");
        assert!(
            is_as_expected(&output, expected),
            "the tour runs\n{commands}\nand expects\n{expected}\nbut this was printed:\n{output}"
        );
    }
    assert!(status.success(), "the tour's last step failed: {status}");
}

#[test]
fn the_readmes_story_is_part_of_the_tour() {
    let tour = document("docs/tour.md");
    let readme = document("README.md");
    let story = readme.split("```console\n").nth(1).expect("the README has a story");
    let lines: Vec<&str> = story.split("```").next().unwrap().lines().collect();
    assert!(lines.len() > 4, "{lines:?}");
    for line in lines {
        let shown = line.strip_prefix("$ ").unwrap_or(line);
        assert!(
            tour.lines().any(|line| line == shown),
            "the tour, which is tested, does not show\n{shown}"
        );
    }
}

#[test]
fn expected_output_may_leave_out_anything_but_an_end() {
    assert!(is_as_expected("{\"a\":1} 200\n", "{\"a\":1} 200"));
    assert!(is_as_expected("{\"a\":1,\"b\":2} 200\n", "{…\"b\":2} 200"));
    assert!(is_as_expected("anything", "…"));
    assert!(is_as_expected("", ""));
    assert!(!is_as_expected("{\"a\":1} 404\n", "{…} 200"));
    assert!(!is_as_expected("a c b", "a…b…c"));
    assert!(!is_as_expected("something", ""));
}

#[test]
fn a_business_gets_its_headquarters_from_its_address() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let body = json!({
        "type": "Business", "name": "Acme", "isTenantCustomer": true,
        "address": {"line1": "1 Main Street", "city": "Springfield"},
    });
    let (status, customer) = cloud.call("POST", "/v1/customers", &admin, &[], Some(&body)).unwrap();
    assert_eq!(status, 201, "{customer}");
    let key = customer["key"].as_str().unwrap();
    let locations = format!("/v1/customers/{key}/locations");
    wait_for("the headquarters", || cloud.all(&locations).len() == 1);
    let headquarters = &cloud.all(&locations)[0];
    assert_eq!(headquarters["isHeadquarters"], true);
    assert_eq!(headquarters["address"]["country"], "US");

    // One request id is on the request, its events, the log lines and the audit entries.
    let events = cloud.cli(&["events"]);
    let ids: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["detail"]["requestId"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    let id = ids[0].as_str().unwrap();
    assert!(cloud.cli(&["logs", "create-customer-location"]).contains(id));
    let audit = cloud.all(&format!("/v1/customers/{key}/audit"));
    assert!(audit.iter().all(|entry| entry["requestId"] == id));

    // The command creates a token for one customer.
    let member = cloud.cli(&["token", "--role", "Member", "--customer", key]);
    let (status, _) = cloud
        .call("GET", &format!("/v1/customers/{key}"), member.trim(), &[], None)
        .unwrap();
    assert_eq!(status, 200);
    let (status, refused) = cloud
        .call(
            "PATCH",
            &format!("/v1/customers/{key}"),
            member.trim(),
            &[],
            Some(&json!({"name": "X"})),
        )
        .unwrap();
    assert_eq!((status, &refused["code"]), (403, &json!("FORBIDDEN")));
}

#[test]
fn three_levels_are_disabled_from_the_top_and_come_back() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let post = |path: &str, body: serde_json::Value, status: u16| {
        let (got, answer) = cloud.call("POST", path, &admin, &[], Some(&body)).unwrap();
        assert_eq!(got, status, "{path}: {answer}");
        answer
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let reseller = post(
        "/v1/customers",
        json!({"type": "Business", "name": "Reseller", "isTenantCustomer": true}),
        201,
    );
    let mut above = text(&reseller["key"]);
    let root = above.clone();
    let mut clients = Vec::new();
    for name in ["Stores", "Shop"] {
        let body = json!({"name": name, "provisionAccount": true});
        let client = post(&format!("/v1/customers/{above}/clients"), body, 201);
        clients.push(format!("/v1/customers/{above}/clients/{}", text(&client["key"])));
        above = text(&client["clientCustomerKey"]);
    }
    // More than one page of clients at the bottom, so the task must send itself a cursor.
    for n in 0..120 {
        post(
            &format!("/v1/customers/{above}/clients"),
            json!({"name": format!("C{n}")}),
            201,
        );
    }
    let hierarchy = format!("/v1/customers/{root}/hierarchy?depth=3&limit=100");
    let states = || {
        let (_, tree) = cloud.call("GET", &hierarchy, &admin, &[], None).unwrap();
        let account = &tree["clients"][0]["account"]["clients"][0]["account"];
        let at_the_bottom = account["clients"].as_array().unwrap();
        let disabled = at_the_bottom
            .iter()
            .filter(|client| client["isDisabled"] == true)
            .count();
        (account["isDisabled"] == true, disabled)
    };
    assert_eq!(states(), (false, 0));
    post(&format!("{}/disable", clients[0]), json!({}), 200);
    wait_for("all to be disabled", || states() == (true, 100));
    let at_the_bottom = format!("/v1/customers/{above}/clients");
    wait_for("the second page", || {
        cloud
            .all(&at_the_bottom)
            .iter()
            .all(|client| client["isDisabled"] == true)
    });
    post(&format!("{}/departments", clients[1]), json!({"name": "Late"}), 409);
    post(&format!("{}/enable", clients[0]), json!({}), 200);
    wait_for("all to be enabled", || states() == (false, 0));
    let (status, _) = cloud
        .call("DELETE", &format!("/v1/customers/{root}"), &admin, &[], None)
        .unwrap();
    assert_eq!(status, 204);
    wait_for("the clients to be gone", || {
        let path = format!("/v1/customers/{root}/clients");
        cloud
            .call("GET", &path, &admin, &[], None)
            .is_ok_and(|(status, _)| status == 404)
            && cloud
                .call("GET", &clients[0], &admin, &[], None)
                .is_ok_and(|(status, _)| status == 404)
    });
    wait_for("the accounts to be disabled", || is_disabled(&cloud, &admin, &above));
}

fn is_disabled(cloud: &Cloud, admin: &str, customer: &str) -> bool {
    let (_, found) = cloud
        .call("GET", &format!("/v1/customers/{customer}"), admin, &[], None)
        .unwrap();
    found["isDisabled"] == true
}
