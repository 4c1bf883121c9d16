//! A value that cannot be printed, and the replacing of such values in what a target says.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use regex::{NoExpand, Regex, RegexBuilder};

/// A credential. Whatever is printed of it is its name, `$CHASE_API_KEY`; only the socket gets to see the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    name: Rc<str>,
    value: Rc<str>,
}

impl Secret {
    /// A value under the name that stands for it.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }

    /// What is shown instead of the value: `$CHASE_API_KEY`.
    pub fn shown(&self) -> String {
        format!("${}", self.name)
    }

    /// The value, for what is about to be sent.
    pub(crate) fn reveal(&self) -> &str {
        &self.value
    }

    /// The value with every letter in the other case: a secret that is wrong by that alone.
    #[must_use]
    pub fn in_other_case(&self) -> Self {
        let swapped = self.value.chars().map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        });
        Self {
            name: format!("{}_IN_OTHER_CASE", self.name).into(),
            value: swapped.collect::<String>().into(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Replaces secrets by their names, in every spelling that an echo may have.
#[derive(Clone, Default)]
pub struct Redactor {
    /// What finds a secret, and what stands for it; the longest secret first.
    secrets: Vec<(Regex, String)>,
    /// What is looked for as it is, and what stands for it; longest first.
    spellings: Vec<(String, String)>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor of {} secrets", self.secrets.len())
    }
}

impl Redactor {
    /// A redactor for these secrets, and for the pairs of user name and secret that HTTP Basic sends.
    pub fn new<'a>(
        secrets: impl IntoIterator<Item = &'a Secret>,
        pairs: impl IntoIterator<Item = (&'a str, &'a Secret)>,
    ) -> Self {
        let secrets = secrets.into_iter();
        let mut secrets: Vec<&Secret> = secrets.filter(|secret| !secret.value.is_empty()).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        secrets.dedup();
        let mut spellings = Vec::new();
        for secret in &secrets {
            for secret in [(*secret).clone(), secret.in_other_case()] {
                let reversed: String = secret.value.chars().rev().collect();
                spellings.extend(
                    base64_of(&secret.value)
                        .chain([reversed])
                        .map(|spelling| (spelling, secret.shown())),
                );
            }
        }
        for (user, secret) in pairs {
            let pair = format!("{user}:{}", secret.reveal());
            spellings.extend(
                base64_of(&pair)
                    .map(|spelling| (spelling, format!("base64({user}:{})", secret.shown()))),
            );
        }
        spellings.retain(|(spelling, _)| !spelling.is_empty());
        spellings.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.cmp(other)));
        spellings.dedup_by(|one, other| one.0 == other.0);
        Self {
            secrets: secrets
                .into_iter()
                .map(|secret| (any_spelling(&secret.value), secret.shown()))
                .collect(),
            spellings,
        }
    }

    /// The text with every secret replaced.
    pub fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (secret, shown) in &self.secrets {
            if let Cow::Owned(replaced) = secret.replace_all(&text, NoExpand(shown)) {
                text = Cow::Owned(replaced);
            }
        }
        for (spelling, shown) in &self.spellings {
            if text.contains(spelling.as_str()) {
                text = Cow::Owned(text.replace(spelling.as_str(), shown));
            }
        }
        text.into_owned()
    }
}

/// Finds a value whose characters are written as they are, in the other case, behind backslashes, percent-encoded, or as
/// JSON and HTML escape them; every server picks other characters to escape, and some escape twice.
fn any_spelling(value: &str) -> Regex {
    let mut pattern = String::new();
    for c in value.chars() {
        let code = u32::from(c);
        let named = match c {
            '&' => "|&(?:amp;)+",
            '<' => "|&(?:amp;)*lt;",
            '>' => "|&(?:amp;)*gt;",
            '"' => "|&(?:amp;)*quot;",
            '\'' => "|&(?:amp;)*apos;",
            // In forms.
            ' ' => r"|\+",
            _ => "",
        };
        let literal = regex::escape(&c.to_string());
        pattern += &[
            format!(r"(?:\\*{literal}|"),
            each(c.to_string().bytes(), |byte| format!("%(?:25)*{byte:02x}")),
            "|".to_owned(),
            each(c.encode_utf16(&mut [0; 2]).iter(), |unit| {
                format!(r"\\+u{unit:04x}")
            }),
            format!("|&(?:amp;)*#0*{code};|&(?:amp;)*#x0*{code:x};{named})"),
        ]
        .concat();
    }
    RegexBuilder::new(&pattern)
        .case_insensitive(true)
        // A long secret, such as a signed token, makes a long pattern.
        .size_limit(1 << 28)
        .build()
        .expect("every character is escaped")
}

fn each<T>(units: impl Iterator<Item = T>, escaped: impl Fn(T) -> String) -> String {
    units.map(escaped).collect::<Vec<_>>().concat()
}

/// A value in base64: with and without padding, in both alphabets, and the parts that stay the same wherever in a longer
/// text it stands.
fn base64_of(value: &str) -> impl Iterator<Item = String> {
    let whole = [STANDARD, URL_SAFE].map(|engine| engine.encode(value));
    let bare = [STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| engine.encode(value));
    let shifted = (1..3).filter_map(move |shift| {
        let padded = [&vec![b' '; shift][..], value.as_bytes()].concat();
        let text = STANDARD_NO_PAD.encode(padded);
        // The first characters mix with what stands before, the last one with what follows.
        let stable = text.get(shift + 1..text.len().saturating_sub(1))?;
        (stable.len() >= 8).then(|| stable.to_owned())
    });
    let whole_stable = bare[0]
        .get(..bare[0].len().saturating_sub(1))
        .filter(|stable| stable.len() >= 8)
        .map(ToOwned::to_owned);
    whole
        .into_iter()
        .chain(bare.clone())
        .chain(whole_stable)
        .chain(shifted.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    const VALUE: &str = "Zq81/kLm+42=vX";

    fn redactor() -> Redactor {
        let secret = Secret::new("TOKEN", VALUE);
        Redactor::new([&secret], [("someone@example.com", &secret)])
    }

    #[test]
    fn a_secret_prints_as_its_name() {
        assert_eq!(format!("{:?}", Secret::new("TOKEN", VALUE)), "$TOKEN");
    }

    proptest! {
        #[test]
        fn no_spelling_of_it_survives(before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
            let pair = format!("someone@example.com:{VALUE}");
            let spellings = [
                VALUE.to_owned(),
                VALUE.to_ascii_lowercase(),
                VALUE.replace('/', "%2f"),
                VALUE.replace('+', "%252B"),
                VALUE.replace('/', r"\\/"),
                VALUE.replace('=', r"\u003D"),
                VALUE.replace('=', "&#61;"),
                utf8_percent_encode(VALUE, NON_ALPHANUMERIC).to_string(),
                serde_json::Value::from(VALUE).to_string(),
                STANDARD.encode(VALUE),
                URL_SAFE_NO_PAD.encode(VALUE),
                STANDARD.encode(&pair),
                STANDARD.encode(format!("x{VALUE}y")),
                STANDARD.encode(format!("xx{VALUE}y")),
            ];
            for spelling in spellings {
                let shown = redactor().text(&format!("{before}{spelling}{after}"));
                prop_assert!(!shown.contains(spelling.trim_matches('"')), "{shown}");
                prop_assert!(shown.contains("$TOKEN"), "{shown}");
            }
        }
    }
}
