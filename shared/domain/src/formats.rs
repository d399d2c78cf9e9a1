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

/// An http or https URL, as the URL standard writes it.
pub fn website(text: &str) -> Option<String> {
    parsed(text, &["http", "https"]).map(Into::into)
}

/// An https URL on one of these hosts or a subdomain of one, as the URL standard writes it.
pub fn page_on(text: &str, hosts: &[&str]) -> Option<String> {
    let url = parsed(text, &["https"])?;
    let host = url.host_str()?;
    let is_on = |allowed: &&str| {
        let rest = host.strip_suffix(allowed);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    hosts.iter().any(is_on).then(|| url.into())
}

const LONGEST_URL: usize = 2048;

/// The parser mends a URL: it removes tabs and line breaks, and reads backslashes and missing slashes as slashes. People and other parsers
/// may read such a text as a URL of another host, so it is refused, like a user name.
fn parsed(text: &str, schemes: &[&str]) -> Option<Url> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let (scheme, rest) = text.split_once("://")?;
    let is_plain = schemes.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        && !rest.starts_with('/')
        && !text.contains(is_odd)
        && text.len() <= LONGEST_URL;
    let url = Url::parse(text).ok().filter(|_| is_plain)?;
    let is_anonymous = url.has_host() && url.username().is_empty() && url.password().is_none();
    (is_anonymous && url.as_str().len() <= LONGEST_URL).then_some(url)
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
    fn websites_are_kept_as_the_url_standard_writes_them() {
        for (given, kept) in [
            ("https://example.com", "https://example.com/"),
            ("HTTP://Example.COM:80/A?b#c", "http://example.com/A?b#c"),
            ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
            ("https://example.com/a/../b", "https://example.com/b"),
            ("https://example.com/a%0Ab", "https://example.com/a%0Ab"),
            ("https://0x7f.1", "https://127.0.0.1/"),
        ] {
            assert_eq!(website(given).as_deref(), Some(kept), "{given}");
            assert_eq!(website(kept).as_deref(), Some(kept));
        }
        let long = format!("https://example.com/{}", "ü".repeat(1000));
        for bad in [
            "example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "javascript://example.com/%0Aalert(1)",
            "https://",
            "https:///example.com",
            "https:example.com",
            "https:/example.com",
            "https:\\\\example.com",
            "https:\\example.com",
            "https://example.com\\path",
            "https://a@b.example",
            "https://a:b@c.example",
            "https://exa\tmple.com",
            "https://example.com/a\nb",
            "https://example.com/a\rb",
            "https://example.com/\0",
            "https://example.com/a b",
            "https://example.com/a\u{a0}b",
            " https://example.com",
            "\u{1}https://example.com",
            "https://exa%2fmple.com",
            "https://[::1",
            "https://example.com:99999",
            &long,
        ] {
            assert_eq!(website(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_page_is_on_the_platforms_own_host() {
        let hosts = &["x.com", "twitter.com"];
        for (given, kept) in [
            ("https://x.com/acme", "https://x.com/acme"),
            ("https://mobile.twitter.com/acme", "https://mobile.twitter.com/acme"),
            ("https://X.com", "https://x.com/"),
            ("https://x.com/@evil.example", "https://x.com/@evil.example"),
        ] {
            assert_eq!(page_on(given, hosts).as_deref(), Some(kept), "{given}");
        }
        for bad in [
            "http://x.com/acme",
            "https://netflix.com/acme",
            "https://x.com.evil.example/acme",
            "https://x.com@evil.example/acme",
            "https://x.com\\@evil.example/",
            "https://evil.example\\.x.com/",
            "https://evil.example/x.com",
            "https://evil.example?.x.com",
            "https://evil.example#.x.com",
            "https:x.com/acme",
        ] {
            assert_eq!(page_on(bad, hosts), None, "{bad:?}");
        }
    }
}
