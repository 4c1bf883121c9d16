//! Expectations: what an answer must look like, and how far it does not.

use std::rc::Rc;

use regex::Regex;
use serde_json::Value;

use crate::exchange::Answer;

/// Where an answer falls short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What is wrong: `status`, `header allow`, `body /errors/0/field`.
    pub aspect: String,
    /// What the rule demands.
    pub wanted: String,
    /// What came.
    pub got: String,
}

impl Breach {
    /// A breach in words.
    pub fn new(
        aspect: impl Into<String>,
        wanted: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self {
            aspect: aspect.into(),
            wanted: wanted.into(),
            got: got.into(),
        }
    }
}

/// `Ok` if it holds, else the breach.
///
/// # Errors
///
/// The breach.
pub fn demand(
    holds: bool,
    aspect: &str,
    wanted: impl Into<String>,
    got: impl Into<String>,
) -> Result<(), Breach> {
    if holds {
        Ok(())
    } else {
        Err(Breach::new(aspect, wanted, got))
    }
}

type Judge = Rc<dyn Fn(&Answer) -> Result<(), Breach>>;

/// What an answer must look like.
#[derive(Clone)]
pub struct Expect {
    judge: Judge,
    /// Whether a 429 is what is waited for.
    too_many: bool,
}

impl Expect {
    /// What a function says.
    pub fn new(judge: impl Fn(&Answer) -> Result<(), Breach> + 'static) -> Self {
        Self {
            judge: Rc::new(judge),
            too_many: false,
        }
    }

    /// Nothing at all: any answer will do.
    pub fn anything() -> Self {
        Self::new(|_| Ok(()))
    }

    /// Both; the first breach counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let too_many = self.too_many || other.too_many;
        Self {
            too_many,
            ..Self::new(move |answer| (self.judge)(answer).and_then(|()| (other.judge)(answer)))
        }
    }

    /// Either; the breach of this one counts.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let too_many = self.too_many || other.too_many;
        Self {
            too_many,
            ..Self::new(move |answer| {
                (self.judge)(answer).or_else(|breach| (other.judge)(answer).map_err(|_| breach))
            })
        }
    }

    /// Whether an answer is as expected.
    ///
    /// # Errors
    ///
    /// The first breach.
    pub fn judge(&self, answer: &Answer) -> Result<(), Breach> {
        (self.judge)(answer)
    }

    /// Whether a 429 is what is waited for, and no reason to slow down.
    pub fn awaits_too_many(&self) -> bool {
        self.too_many
    }
}

/// The status.
pub fn status(code: u16) -> Expect {
    Expect {
        too_many: code == 429,
        ..Expect::new(move |answer| {
            demand(
                answer.status == code,
                "status",
                code.to_string(),
                answer.status.to_string(),
            )
        })
    }
}

/// Any status from `first` to `last`.
pub fn status_from(first: u16, last: u16) -> Expect {
    Expect::new(move |answer| {
        demand(
            (first..=last).contains(&answer.status),
            "status",
            format!("{first} to {last}"),
            answer.status.to_string(),
        )
    })
}

/// A place in an answer: a header, a member of the body, the body.
#[derive(Clone)]
pub struct Place {
    aspect: String,
    find: Find,
}

/// Looks for a value in an answer.
type Find = Rc<dyn Fn(&Answer) -> Option<Value>>;

/// The first header of that name.
pub fn header(name: &str) -> Place {
    let name = name.to_ascii_lowercase();
    Place {
        aspect: format!("header {name}"),
        find: Rc::new(move |answer| answer.header(&name).map(Value::from)),
    }
}

/// What stands at a JSON pointer of the body; `""` is the whole document.
pub fn json(pointer: &str) -> Place {
    let pointer = pointer.to_owned();
    Place {
        aspect: format!("body {pointer}").trim_end().to_owned(),
        find: Rc::new(move |answer| answer.at(&pointer)),
    }
}

/// The body as text.
pub fn body() -> Place {
    Place {
        aspect: "body".to_owned(),
        find: Rc::new(|answer| Some(Value::from(answer.text()))),
    }
}

/// The text of an element of an XML body, `ImpactRadiusResponse/Status`; an attribute with `/@name` at the end. Of
/// elements of one name the first counts, unless a number stands behind it: `error[2]`, from 1.
pub fn xml(path: &str) -> Place {
    let path = path.to_owned();
    Place {
        aspect: format!("body {path}"),
        find: Rc::new(move |answer| xml_text(&answer.text(), &path).map(Value::from)),
    }
}

/// The text at a path of an XML document; see [`xml`].
pub fn xml_text(document: &str, path: &str) -> Option<String> {
    let document = roxmltree::Document::parse(document).ok()?;
    let mut node = document.root();
    for part in path.split('/') {
        if let Some(attribute) = part.strip_prefix('@') {
            return node.attribute(attribute).map(ToOwned::to_owned);
        }
        let (name, number) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse().ok()?),
            None => (part, 1_usize),
        };
        node = node
            .children()
            .filter(|child| child.has_tag_name(name))
            .nth(number.checked_sub(1)?)?;
    }
    Some(node.text().unwrap_or_default().to_owned())
}

impl Place {
    /// It has this value.
    pub fn is(self, wanted: impl Into<Value>) -> Expect {
        let wanted = wanted.into();
        self.checked(shown(Some(&wanted)), move |found| found == Some(&wanted))
    }

    /// It is a text that a regular expression matches; anchor it where the whole text is meant.
    ///
    /// # Panics
    ///
    /// When the expression does not compile: a mistake of the check.
    pub fn matches(self, expression: &str) -> Expect {
        let regex = Regex::new(expression).expect("the expressions of checks compile");
        self.checked(format!("text that matches {expression}"), move |found| {
            found
                .and_then(Value::as_str)
                .is_some_and(|text| regex.is_match(text))
        })
    }

    /// It is there, whatever it is.
    pub fn exists(self) -> Expect {
        self.checked("to be there".to_owned(), |found| found.is_some())
    }

    /// It is not there.
    pub fn absent(self) -> Expect {
        self.checked("nothing there".to_owned(), |found| found.is_none())
    }

    /// It is there, and a function says yes to it; `wanted` says what it asks for.
    pub fn holds(self, wanted: &str, holds: impl Fn(&Value) -> bool + 'static) -> Expect {
        self.checked(wanted.to_owned(), move |found| found.is_some_and(&holds))
    }

    fn checked(self, wanted: String, holds: impl Fn(Option<&Value>) -> bool + 'static) -> Expect {
        let Self { aspect, find } = self;
        Expect::new(move |answer| {
            let found = find(answer);
            demand(
                holds(found.as_ref()),
                &aspect,
                wanted.clone(),
                shown(found.as_ref()),
            )
        })
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing there".to_owned(), Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer {
            status: 400,
            headers: vec![("allow".to_owned(), "GET".to_owned())],
            body: body.into(),
            ..Answer::default()
        }
    }

    #[test]
    fn places_are_found() {
        let answer = answer(r#"{"errors":[{"field":"OrderId"}]}"#);
        let sound = status(400)
            .and(header("Allow").is("GET"))
            .and(header("Retry-After").absent())
            .and(json("/errors/0/field").is("OrderId"))
            .and(json("/errors").holds("one error", |errors| {
                errors.as_array().is_some_and(|errors| errors.len() == 1)
            }))
            .and(body().matches("^\\{"));
        assert_eq!(sound.judge(&answer), Ok(()));
        let breach = json("/errors/0/field").is("Amount").judge(&answer);
        assert_eq!(
            breach,
            Err(Breach::new(
                "body /errors/0/field",
                "\"Amount\"",
                "\"OrderId\""
            ))
        );
        assert!(json("/errors/1").exists().judge(&answer).is_err());
    }

    #[test]
    fn xml_is_walked() {
        let document = r#"<R page="1"><e>a</e><e><f>b</f></e></R>"#;
        assert_eq!(xml_text(document, "R/e").as_deref(), Some("a"));
        assert_eq!(xml_text(document, "R/e[2]/f").as_deref(), Some("b"));
        assert_eq!(xml_text(document, "R/@page").as_deref(), Some("1"));
        assert_eq!(xml_text(document, "R/e[3]"), None);
        assert_eq!(xml_text("{}", "R"), None);
    }
}
