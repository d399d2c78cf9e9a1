//! Logos, from the wish to what the CDN serves, by the signed URL as a browser would use it.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";
const OTHER: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on, but another";

fn customer(cloud: &Cloud) -> String {
    let body = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true});
    let made = cloud.post("/v1/customers", &body, 201);
    format!("/v1/customers/{}", made["key"].as_str().unwrap())
}

fn ask(cloud: &Cloud, owner: &str, bytes: &[u8]) -> Value {
    let wish = json!({"contentType": "image/png", "bytes": bytes.len()});
    cloud.post(&format!("{owner}/logo"), &wish, 201)
}

/// Uploads as the answer says to, with these headers in place of its own where they differ.
fn upload(cloud: &Cloud, asked: &Value, bytes: &[u8], instead: &[(&str, &str)]) -> u16 {
    let upload = &asked["upload"];
    let headers: Vec<(&str, &str)> = upload["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let other = instead.iter().find(|(other, _)| other == name);
            (
                name.as_str(),
                other.map_or(value.as_str().unwrap(), |(_, value)| *value),
            )
        })
        .collect();
    let (method, url) = (upload["method"].as_str().unwrap(), upload["url"].as_str().unwrap());
    cloud.fetch(method, url, &headers, bytes).0
}

fn confirm(cloud: &Cloud, owner: &str, asked: &Value) -> (u16, Value) {
    let body = json!({"receipt": asked["receipt"]});
    cloud
        .call("PUT", &format!("{owner}/logo"), &cloud.admin(), &[], Some(&body))
        .unwrap()
}

/// The address of a logo that is shown from now on.
fn show(cloud: &Cloud, owner: &str, bytes: &[u8]) -> String {
    let asked = ask(cloud, owner, bytes);
    assert_eq!(upload(cloud, &asked, bytes, &[]), 200);
    let (status, shown) = confirm(cloud, owner, &asked);
    assert_eq!(status, 200, "{shown}");
    let url = shown["logo"]["url"].as_str().unwrap().to_owned();
    assert_eq!(cloud.get(owner)["logo"]["url"], json!(url));
    url
}

fn is_served(cloud: &Cloud, url: &str) -> bool {
    cloud.fetch("GET", url, &[], &[]).0 == 200
}

#[test]
fn a_logo_is_uploaded_served_replaced_and_deleted() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let customer = customer(&cloud);
    let client = cloud.post(&format!("{customer}/clients"), &json!({"name": "Client"}), 201);
    let client = format!("{customer}/clients/{}", client["key"].as_str().unwrap());
    let mut urls = Vec::new();
    for owner in [&customer, &client] {
        let first = show(&cloud, owner, PNG);
        let (status, headers, body) = cloud.fetch("GET", &first, &[], &[]);
        assert_eq!((status, body.as_slice()), (200, PNG));
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let second = show(&cloud, owner, OTHER);
        assert_eq!(cloud.fetch("GET", &second, &[], &[]).2, OTHER);
        wait_for("the first logo to go", || !is_served(&cloud, &first));
        assert!(is_served(&cloud, &second));
        urls.push(second);
    }
    let (status, _) = cloud
        .call("DELETE", &format!("{customer}/logo"), &admin, &[], None)
        .unwrap();
    assert_eq!(status, 204);
    wait_for("the customer's logo to go", || !is_served(&cloud, &urls[0]));
    let (status, _) = cloud.call("DELETE", &client, &admin, &[], None).unwrap();
    assert_eq!(status, 204);
    wait_for("the client's logo to go with it", || !is_served(&cloud, &urls[1]));
    let last = show(&cloud, &customer, PNG);
    let (status, _) = cloud.call("DELETE", &customer, &admin, &[], None).unwrap();
    assert_eq!(status, 204);
    wait_for("the customer's logo to go with it", || !is_served(&cloud, &last));
}

#[test]
fn an_unsigned_upload_and_a_file_that_is_no_image_are_refused() {
    let cloud = Cloud::start();
    let owner = customer(&cloud);
    let asked = ask(&cloud, &owner, PNG);
    assert_eq!(upload(&cloud, &asked, PNG, &[("content-type", "text/html")]), 403);
    let length = OTHER.len().to_string();
    assert_eq!(upload(&cloud, &asked, OTHER, &[("content-length", &length)]), 403);
    assert_eq!(upload(&cloud, &asked, &PNG[..9], &[("content-length", "9")]), 403);
    let (status, problem) = confirm(&cloud, &owner, &asked);
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("receipt")));
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let asked = ask(&cloud, &owner, svg);
    assert_eq!(upload(&cloud, &asked, svg, &[]), 200);
    let (status, problem) = confirm(&cloud, &owner, &asked);
    assert_eq!((status, &problem["code"]), (400, &json!("VALIDATION_FAILED")));
    // What waits to be confirmed is nobody's to see.
    let url = asked["upload"]["url"].as_str().unwrap();
    let (plain, _) = url.split_once('?').unwrap();
    assert_eq!(cloud.fetch("GET", plain, &[], &[]).0, 403);
    assert_eq!(cloud.get(&owner).get("logo"), None);
}

#[test]
fn uploads_and_logos_survive_a_kill() {
    let cloud = Cloud::start();
    let owner = customer(&cloud);
    let asked = ask(&cloud, &owner, PNG);
    assert_eq!(upload(&cloud, &asked, PNG, &[]), 200);
    cloud.kill();
    cloud.launch();
    let (status, shown) = confirm(&cloud, &owner, &asked);
    assert_eq!(status, 200, "{shown}");
    cloud.kill();
    cloud.launch();
    let url = cloud.get(&owner)["logo"]["url"].as_str().unwrap().to_owned();
    assert_eq!(cloud.fetch("GET", &url, &[], &[]).2, PNG);
    let second = show(&cloud, &owner, OTHER);
    wait_for("the first logo to go", || !is_served(&cloud, &url));
    assert!(is_served(&cloud, &second));
}
