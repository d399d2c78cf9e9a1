//! Logos, from the upload request to the object that the CDN serves. The uploads use the signed URL as a browser does.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89 and so on";
const OTHER: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89 and so on, but another";

fn request_upload(cloud: &Cloud, owner: &str, bytes: &[u8]) -> Value {
    let request = json!({"contentType": "image/png", "bytes": bytes.len()});
    let answer = cloud.post(&format!("{owner}/logo"), &request, 201);
    // Only what the URL signs, not the trace id that the SDK adds inside Lambda: the bucket's CORS rules allow a browser nothing else.
    let headers: Vec<&String> = answer["upload"]["headers"].as_object().unwrap().keys().collect();
    assert_eq!(headers, ["content-length", "content-type"]);
    answer
}

/// Uploads these bytes as the answer to the upload request describes, except for these headers. Returns the status.
fn upload(cloud: &Cloud, answer: &Value, bytes: &[u8], replaced_headers: &[(&str, &str)]) -> u16 {
    let upload = &answer["upload"];
    let headers: Vec<(&str, &str)> = upload["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let other = replaced_headers.iter().find(|(other, _)| other == name);
            (
                name.as_str(),
                other.map_or(value.as_str().unwrap(), |(_, value)| *value),
            )
        })
        .collect();
    let (method, url) = (upload["method"].as_str().unwrap(), upload["url"].as_str().unwrap());
    cloud.fetch(method, url, &headers, bytes).0
}

fn confirm(cloud: &Cloud, owner: &str, answer: &Value) -> (u16, Value) {
    let body = json!({"receipt": answer["receipt"]});
    cloud
        .call("PUT", &format!("{owner}/logo"), &cloud.admin(), &[], Some(&body))
        .unwrap()
}

/// Uploads and confirms a logo, and returns its URL.
fn show(cloud: &Cloud, owner: &str, bytes: &[u8]) -> String {
    let answer = request_upload(cloud, owner, bytes);
    assert_eq!(upload(cloud, &answer, bytes, &[]), 200);
    let (status, confirmed) = confirm(cloud, owner, &answer);
    assert_eq!(status, 200, "{confirmed}");
    let url = confirmed["logo"]["url"].as_str().unwrap().to_owned();
    assert_eq!(cloud.get(owner)["logo"]["url"], json!(url));
    url
}

fn is_served(cloud: &Cloud, url: &str) -> bool {
    cloud.fetch("GET", url, &[], &[]).0 == 200
}

#[test]
fn a_logo_is_uploaded_served_replaced_and_deleted() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");
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
    cloud.delete(&format!("{customer}/logo"));
    wait_for("the customer's logo to go", || !is_served(&cloud, &urls[0]));
    cloud.delete(&client);
    wait_for("the client's logo to go with it", || !is_served(&cloud, &urls[1]));
    let last = show(&cloud, &customer, PNG);
    cloud.delete(&customer);
    wait_for("the customer's logo to go with it", || !is_served(&cloud, &last));
}

#[test]
fn an_unsigned_upload_and_a_file_that_is_no_image_are_refused() {
    let cloud = Cloud::start();
    let owner = cloud.customer("Acme");
    let answer = request_upload(&cloud, &owner, PNG);
    assert_eq!(upload(&cloud, &answer, PNG, &[("content-type", "text/html")]), 403);
    let length = OTHER.len().to_string();
    assert_eq!(upload(&cloud, &answer, OTHER, &[("content-length", &length)]), 403);
    assert_eq!(upload(&cloud, &answer, &PNG[..9], &[("content-length", "9")]), 403);
    let (status, problem) = confirm(&cloud, &owner, &answer);
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("receipt")));
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let answer = request_upload(&cloud, &owner, svg);
    assert_eq!(upload(&cloud, &answer, svg, &[]), 200);
    let (status, problem) = confirm(&cloud, &owner, &answer);
    assert_eq!((status, &problem["code"]), (400, &json!("VALIDATION_FAILED")));
    // Nobody can read an unconfirmed upload.
    let url = answer["upload"]["url"].as_str().unwrap();
    let (plain, _) = url.split_once('?').unwrap();
    assert_eq!(cloud.fetch("GET", plain, &[], &[]).0, 403);
    assert_eq!(cloud.get(&owner).get("logo"), None);
}

#[test]
fn uploads_and_logos_survive_a_kill() {
    let cloud = Cloud::start();
    let owner = cloud.customer("Acme");
    let answer = request_upload(&cloud, &owner, PNG);
    assert_eq!(upload(&cloud, &answer, PNG, &[]), 200);
    cloud.kill();
    cloud.launch();
    let (status, confirmed) = confirm(&cloud, &owner, &answer);
    assert_eq!(status, 200, "{confirmed}");
    cloud.kill();
    cloud.launch();
    let url = cloud.get(&owner)["logo"]["url"].as_str().unwrap().to_owned();
    assert_eq!(cloud.fetch("GET", &url, &[], &[]).2, PNG);
    let second = show(&cloud, &owner, OTHER);
    wait_for("the first logo to go", || !is_served(&cloud, &url));
    assert!(is_served(&cloud, &second));
}
