//! Who is asking: HTTP Basic, RFC 7617.

use headers::authorization::{Basic, Credentials};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The pair of the first `Authorization` header: the scheme in any letter case, the pair in UTF-8, split at its first
/// colon. None if there is no such header, it has another scheme, it cannot be read, or a part of it is empty.
pub fn basic(headers: &HeaderMap) -> Option<Basic> {
    let basic = Basic::decode(headers.get(AUTHORIZATION)?).filter(|basic| !basic.username().is_empty())?;
    (!basic.password().is_empty()).then_some(basic)
}
