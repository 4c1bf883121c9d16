//! Who is asking: HTTP Basic, RFC 7617.

use headers::Header;
use headers::authorization::{Authorization, Basic};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The pair of the first `Authorization` header: the scheme in any letter case, the pair in UTF-8, split at its first
/// colon. None if there is no such header, it has another scheme, it cannot be read, or a part of it is empty.
pub fn basic(headers: &HeaderMap) -> Option<Basic> {
    // `Basic` alone would not look at the scheme.
    let Authorization(basic) =
        Authorization::decode(&mut headers.get_all(AUTHORIZATION).iter()).ok()?;
    let whole = |basic: &Basic| !basic.username().is_empty() && !basic.password().is_empty();
    Some(basic).filter(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(values: &[&'static str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, http::HeaderValue::from_static(value));
        }
        basic(&headers).map(|basic| (basic.username().to_owned(), basic.password().to_owned()))
    }

    #[test]
    fn the_first_header_is_split_at_its_first_colon() {
        let expected = Some(("a".to_owned(), "b:c".to_owned()));
        assert_eq!(pair(&["Basic YTpiOmM="]), expected);
        assert_eq!(pair(&["bASIC   YTpiOmM=", "Basic eDp5"]), expected);
    }

    #[test]
    fn what_is_no_whole_pair_of_basic_is_none() {
        for value in [
            "",
            "x",
            "Basic",
            "Basic ",
            "Bearer YTpiOmM=",
            "Basicx YTpi",
            "Basic !",
            "Basic YWI=",
            "Basic Omk=",
            "Basic YTo=",
        ] {
            assert_eq!(pair(&[value]), None, "{value}");
        }
        assert_eq!(pair(&[]), None);
        assert_eq!(pair(&["Bearer x", "Basic YTpi"]), None);
    }
}
