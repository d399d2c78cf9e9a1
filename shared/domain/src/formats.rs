//! Formats of text.

use chrono::NaiveDate;
use email_address::{EmailAddress, Options};
use url::Url;

/// A day in the form of RFC 3339.
pub fn is_date(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|date| date.to_string() == text)
}

pub fn is_email(text: &str) -> bool {
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    text.len() <= 254 && EmailAddress::parse_with_options(text, options).is_ok()
}

/// A contact's type: a known one, or another of the customer's choice.
pub fn is_contact_type(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 50
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-')
}

/// E.164: a plus sign and 2 to 15 digits, the first of them not zero.
pub fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `[a-z0-9-]+:(read|write)`
pub fn is_scope(text: &str) -> bool {
    text.len() <= 100
        && text.split_once(':').is_some_and(|(area, verb)| {
            !area.is_empty()
                && area
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && matches!(verb, "read" | "write")
        })
}

pub fn is_website(text: &str) -> bool {
    text.len() <= 2048
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && has_plain_host(&url))
}

pub fn is_page_on(text: &str, hosts: &[&str]) -> bool {
    text.len() <= 2048
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && has_plain_host(&url)
                && url.host_str().is_some_and(|host| {
                    hosts.iter().any(|allowed| {
                        host.strip_suffix(allowed)
                            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    })
                })
        })
}

/// URLs are shown to people. A user name in one could make it look like a URL of another host.
fn has_plain_host(url: &Url) -> bool {
    url.has_host() && url.username().is_empty() && url.password().is_none()
}

/// `[a-z0-9][a-z0-9-]{2,62}`
pub fn is_bootstrap_tenant_key(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["a@b.co", "first.last+tag@sub.example.com"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.co", "A <a@b.co>", "a b@c.de", "a@[127.0.0.1]"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn dates() {
        assert!(is_date("2028-02-29"));
        for bad in ["", "2026-02-29", "2026-1-31", "2026-01-31T00:00:00Z", "+2026-01-1"] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn phones() {
        for good in ["+14155550100", "+49301234567"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "14155550100",
            "+0123456",
            "+1415555010012345",
            "+1 415 555 0100",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn websites() {
        for good in [
            "https://example.com",
            "http://example.com/a?b#c",
            "https://bücher.example",
        ] {
            assert!(is_website(good), "{good}");
        }
        for bad in [
            "example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://",
            "https://a@b.example",
        ] {
            assert!(!is_website(bad), "{bad}");
        }
    }

    #[test]
    fn a_page_is_on_the_platforms_own_host() {
        let hosts = &["x.com", "twitter.com"];
        for good in ["https://x.com/acme", "https://mobile.twitter.com/acme"] {
            assert!(is_page_on(good, hosts), "{good}");
        }
        for bad in [
            "http://x.com/acme",
            "https://netflix.com/acme",
            "https://x.com.evil.example/acme",
            "https://x.com@evil.example/acme",
        ] {
            assert!(!is_page_on(bad, hosts), "{bad}");
        }
    }
}
