//! Text as Python holds it: Unicode, and now and then a surrogate without its other half.
//!
//! Such a surrogate gets into a body as an escape (`"\ud800"`) or encoded like a character. It is no part of any
//! character, so Rust's text cannot hold it, and no answer can: an answer that would have to echo one is the 500 of
//! `CHS-RSP-08`. What is left to know of it is that it is there, and that no e-mail rule takes it for anything good.

use std::borrow::Cow;

/// Text of a body. What has no lone surrogate, nearly everything, is borrowed or moved and never copied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Text<'a> {
    stood_in: Cow<'a, str>,
    lone_surrogates: bool,
}

impl<'a> Text<'a> {
    /// What stands for a lone surrogate: a noncharacter. The e-mail rules see both alike: in no category but C,
    /// neither letter nor space, untouched by normalisation. So an address that hides one in a quoted display name is
    /// accepted, and every other address with one is refused.
    pub(super) const STAND_IN: char = '\u{FFFF}';

    /// Text without a lone surrogate.
    pub(super) fn whole(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            stood_in: text.into(),
            lone_surrogates: false,
        }
    }

    /// Text with at least one lone surrogate, each replaced by the [`STAND_IN`](Self::STAND_IN).
    pub(super) fn broken(text: String) -> Self {
        Self {
            stood_in: text.into(),
            lone_surrogates: true,
        }
    }

    /// The text as it can be echoed; none if it cannot.
    pub(super) fn as_whole(&self) -> Option<&str> {
        (!self.lone_surrogates).then_some(&self.stood_in)
    }

    /// The text with its stand-ins: right for comparing with names and addresses that have no such thing.
    pub(super) fn as_stood_in(&self) -> &str {
        &self.stood_in
    }

    /// The text for a view that must stay JSON: each lone surrogate as U+FFFD (`CHS-UNS-21`).
    pub(super) fn as_shown(&self) -> Cow<'_, str> {
        if self.lone_surrogates {
            Cow::Owned(self.stood_in.replace(Self::STAND_IN, "\u{FFFD}"))
        } else {
            Cow::Borrowed(&self.stood_in)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_text_is_borrowed() {
        let text = Text::whole("jörg");
        assert_eq!(text.as_whole(), Some("jörg"));
        assert!(matches!(text.as_shown(), Cow::Borrowed("jörg")));
    }

    #[test]
    fn a_lone_surrogate_cannot_be_echoed_and_shows_as_a_replacement() {
        let text = Text::broken("a\u{FFFF}b".to_owned());
        assert_eq!(text.as_whole(), None);
        assert_eq!(text.as_stood_in(), "a\u{FFFF}b");
        assert_eq!(text.as_shown(), "a\u{FFFD}b");
        assert_ne!(
            text,
            Text::whole("a\u{FFFF}b"),
            "the noncharacter itself is another text"
        );
    }
}
