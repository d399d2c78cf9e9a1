//! The permissions that a function's role gives in S3. The session token names the function.

use super::*;

#[tokio::test]
async fn a_missing_object_is_shown_only_to_callers_that_may_list_the_bucket() {
    let (_folder, fixture) = fixture();
    fixture.put("logos/there", &[], "hello").await;
    for (function, missing) in [("reader", 403), ("lister", 404), ("local", 404)] {
        let token = [("x-amz-security-token", function)];
        for method in ["GET", "HEAD"] {
            let (status, _, body) = fixture.ask(method, "/pictures/logos/none", &token, "").await;
            assert_eq!(status.as_u16(), missing, "{method} {function}: {body}");
            let (status, _, _) = fixture.ask(method, "/pictures/logos/there", &token, "").await;
            assert_eq!(status, StatusCode::OK, "{method} {function}");
        }
    }
}

#[tokio::test]
async fn a_function_may_do_what_its_role_allows_and_nothing_else() {
    let (_folder, fixture) = fixture();
    fixture.put("logos/a", &[], "hello").await;
    fixture.put("uploads/a", &[], "hello").await;
    for (method, target, reader, lister) in [
        ("GET", "/pictures/logos/a", 200, 200),
        ("GET", "/pictures/uploads/a", 403, 403),
        ("GET", "/pictures?list-type=2", 403, 200),
        ("GET", "/pictures/logos/a?tagging", 403, 403),
        ("PUT", "/pictures/logos/a", 403, 403),
        ("DELETE", "/pictures/logos/a", 403, 403),
    ] {
        for (function, expected) in [("reader", reader), ("lister", lister)] {
            let token = [("x-amz-security-token", function)];
            let (status, _, body) = fixture.ask(method, target, &token, "").await;
            assert_eq!(status.as_u16(), expected, "{method} {target} {function}: {body}");
        }
    }
    let copy = |token: &'static str| {
        let headers = [
            ("x-amz-security-token", token),
            ("x-amz-copy-source", "pictures/logos/a"),
        ];
        async move { headers }
    };
    let (status, ..) = fixture.ask("PUT", "/pictures/logos/b", &copy("reader").await, "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, ..) = fixture.ask("PUT", "/pictures/logos/b", &copy("local").await, "").await;
    assert_eq!(status, StatusCode::OK);
}
