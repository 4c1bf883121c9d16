//! Form and query pairs: in order, duplicates kept.

use std::borrow::Cow;

/// Pairs of `application/x-www-form-urlencoded` bytes, or of a query.
///
/// `+` is a space; percent escapes become bytes, the bytes UTF-8, and what is no UTF-8 U+FFFD; a bad escape stays as it
/// is; a pair without `=` has an empty value.
#[derive(Clone, Debug, Default)]
pub struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    /// Reads a body or a query. Any bytes are a form.
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(bytes).collect())
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// All values of that name, in order. Names are compared exactly.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs()
            .filter(move |(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// The first value of that name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }
}
