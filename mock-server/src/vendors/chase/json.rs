//! Reads a body as Python's `json` module does, to the position of every complaint.
//!
//! Section 8 of the dossier, and `json` of CPython 3.11. What differs from JSON as others read it: NaN and the infinities
//! are numbers, lone surrogates are text, integers have a limit of digits and brackets one of depth, and three families
//! of encodings are told apart.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use fixtures::{RuleId, rule};

use super::text::Text;

/// A value of a body, borrowed from its [`Document`]. Numbers are kept as they are spelt.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    /// Digits, perhaps behind a minus.
    Integer(&'a str),
    /// A number with a fraction or an exponent, `NaN`, `Infinity` or `-Infinity`.
    Float(&'a str),
    Text(Text<'a>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// An object: its members in the order in which their names came first, each with the value that came last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object<'a> {
    /// Its members.
    pub(super) members: Vec<(Text<'a>, Value<'a>)>,
    /// How it is spelt in the document, braces included.
    pub(super) source: &'a str,
}

impl<'a> Object<'a> {
    /// The member of that name. Names are compared exactly.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.members
            .iter()
            .find(|(other, _)| other.as_stood_in() == name)
            .map(|(_, value)| value)
    }
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Python raises something that the framework does not expect.
    Failure {
        rule: RuleId,
        /// What is wrong, for people.
        why: &'static str,
    },
    /// The body is no JSON.
    Invalid {
        rule: RuleId,
        /// In Python's words.
        error: &'static str,
        /// The index of a character, from 0.
        position: usize,
    },
}

/// The decoded text of a body.
#[derive(Clone, Debug)]
pub(super) struct Document<'a> {
    text: Cow<'a, str>,
    /// Where the text has U+FFFD in place of a lone surrogate: byte offsets, ascending.
    lone_surrogates: Vec<usize>,
}

impl<'a> Document<'a> {
    /// Decodes the bytes of a body.
    ///
    /// Rules: chase.json.encodings, chase.json.encoded_surrogates.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let decoded = match bytes {
            [0, 0, 0xFE, 0xFF, rest @ ..] => Self::utf32(rest, u32::from_be_bytes),
            [0xFF, 0xFE, 0, 0, rest @ ..] => Self::utf32(rest, u32::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => Self::utf16(rest, u16::from_be_bytes),
            [0xFF, 0xFE, rest @ ..] => Self::utf16(rest, u16::from_le_bytes),
            [0xEF, 0xBB, 0xBF, rest @ ..] => Self::utf8(rest),
            [0, 0, _, _, ..] => Self::utf32(bytes, u32::from_be_bytes),
            [0, _, _, _, ..] | [0, _] => Self::utf16(bytes, u16::from_be_bytes),
            [_, 0, 0, 0, ..] => Self::utf32(bytes, u32::from_le_bytes),
            [_, 0, _, _, ..] | [_, 0] => Self::utf16(bytes, u16::from_le_bytes),
            _ => Self::utf8(bytes),
        };
        decoded.ok_or(Unreadable::Failure {
            rule: rule("chase.json.undecodable"),
            why: "the body cannot be decoded",
        })
    }

    /// A document that is decoded already.
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            lone_surrogates: Vec::new(),
        }
    }

    /// Reads the text as one value.
    pub(super) fn read(&self) -> Result<Value<'_>, Unreadable> {
        Reader {
            text: &self.text,
            lone_surrogates: &self.lone_surrogates,
            at: 0,
            depth: 0,
        }
        .document()
    }

    fn utf8(bytes: &'a [u8]) -> Option<Self> {
        let mut error = match std::str::from_utf8(bytes) {
            Ok(text) => return Some(Self::of(text)),
            Err(error) => error,
        };
        let mut decoded = Self {
            text: Cow::default(),
            lone_surrogates: Vec::new(),
        };
        let mut rest = bytes;
        loop {
            let (text, wrong) = rest.split_at(error.valid_up_to());
            decoded
                .text
                .to_mut()
                .push_str(std::str::from_utf8(text).ok()?);
            let [0xED, 0xA0..=0xBF, 0x80..=0xBF, after @ ..] = wrong else {
                return None;
            };
            decoded.push_lone_surrogate();
            rest = after;
            error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    decoded.text.to_mut().push_str(text);
                    return Some(decoded);
                }
                Err(error) => error,
            };
        }
    }

    fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Self> {
        let (units, []) = bytes.as_chunks() else {
            return None;
        };
        let mut decoded = Self {
            text: Cow::default(),
            lone_surrogates: Vec::new(),
        };
        for character in char::decode_utf16(units.iter().map(|bytes| unit(*bytes))) {
            match character {
                Ok(character) => decoded.text.to_mut().push(character),
                Err(_) => decoded.push_lone_surrogate(),
            }
        }
        Some(decoded)
    }

    fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Self> {
        let (units, []) = bytes.as_chunks() else {
            return None;
        };
        let mut decoded = Self {
            text: Cow::default(),
            lone_surrogates: Vec::new(),
        };
        for code in units.iter().map(|bytes| unit(*bytes)) {
            match char::from_u32(code) {
                Some(character) => decoded.text.to_mut().push(character),
                None if (0xD800..0xE000).contains(&code) => decoded.push_lone_surrogate(),
                None => return None,
            }
        }
        Some(decoded)
    }

    fn push_lone_surrogate(&mut self) {
        self.lone_surrogates.push(self.text.len());
        self.text.to_mut().push(char::REPLACEMENT_CHARACTER);
    }
}

/// One pass over a document.
struct Reader<'a> {
    text: &'a str,
    lone_surrogates: &'a [usize],
    /// The next byte.
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Value<'a>, Unreadable> {
        self.skip_white_space();
        let value = self.value()?;
        self.skip_white_space();
        if self.at < self.text.len() {
            return Err(self.invalid(rule("chase.json.extra_data"), "Extra data", self.at));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Value<'a>, Unreadable> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            _ => self.literal(),
        }
    }

    /// Reads an object or an array, one level deeper.
    ///
    /// The depth is that of CPython 3.11 under the framework. It counts brackets as they open, so what is malformed
    /// behind the first one too many does not matter.
    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value<'a>, Unreadable>,
    ) -> Result<Value<'a>, Unreadable> {
        const DEEPEST: usize = 957;
        if self.depth == DEEPEST {
            return Err(Unreadable::Failure {
                rule: rule("chase.json.nesting"),
                why: "the body is nested too deeply",
            });
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value<'a>, Unreadable> {
        let start = self.at;
        let mut members = Vec::new();
        self.step();
        if self.peek() != Some(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    let error = "Expecting property name enclosed in double quotes";
                    return Err(self.invalid(rule("chase.json.expecting_name"), error, self.at));
                }
                let name = self.string()?;
                self.skip_white_space();
                if self.peek() != Some(b':') {
                    let error = "Expecting ':' delimiter";
                    return Err(self.invalid(rule("chase.json.expecting_colon"), error, self.at));
                }
                self.step();
                members.push((name, self.value()?));
                if !self.another(b'}')? {
                    break;
                }
            }
        }
        self.at += 1;
        Ok(Value::Object(Object {
            members: last_of_each(members),
            source: &self.text[start..self.at],
        }))
    }

    fn array(&mut self) -> Result<Value<'a>, Unreadable> {
        let mut items = Vec::new();
        self.step();
        if self.peek() != Some(b']') {
            loop {
                items.push(self.value()?);
                if !self.another(b']')? {
                    break;
                }
            }
        }
        self.at += 1;
        Ok(Value::Array(items))
    }

    /// Whether a comma, and so another value, follows; if not, `closing` is the next byte.
    fn another(&mut self, closing: u8) -> Result<bool, Unreadable> {
        self.skip_white_space();
        match self.peek() {
            Some(b',') => {
                self.step();
                Ok(true)
            }
            Some(byte) if byte == closing => Ok(false),
            _ => Err(self.invalid(
                rule("chase.json.expecting_comma"),
                "Expecting ',' delimiter",
                self.at,
            )),
        }
    }

    /// Reads a string, from its opening quote.
    fn string(&mut self) -> Result<Text<'a>, Unreadable> {
        let open = self.at;
        self.at += 1;
        let plain = self.plain();
        if self.peek() == Some(b'"') && !self.has_lone_surrogates(plain) {
            self.at += 1;
            return Ok(Text::whole(&self.text[plain.0..plain.1]));
        }
        self.at = open + 1;
        self.unusual_string(open)
    }

    /// Reads the rest of a string that has escapes or lone surrogates, or is malformed.
    fn unusual_string(&mut self, open: usize) -> Result<Text<'a>, Unreadable> {
        let mut text = String::new();
        let mut broken = false;
        loop {
            let plain = self.plain();
            broken |= self.has_lone_surrogates(plain);
            self.push_plain(&mut text, plain);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(if broken {
                        Text::broken(text)
                    } else {
                        Text::whole(text)
                    });
                }
                Some(b'\\') => {
                    let character = self.escape(open)?;
                    broken |= character.is_err();
                    text.push(character.unwrap_or(Text::STAND_IN));
                }
                Some(_) => {
                    let error = "Invalid control character at";
                    return Err(self.invalid(rule("chase.json.control_character"), error, self.at));
                }
                None => return Err(self.unterminated(open)),
            }
        }
    }

    /// Steps over what needs no second look, and says where it begins and ends.
    fn plain(&mut self) -> (usize, usize) {
        let start = self.at;
        let bytes = &self.text.as_bytes()[start..];
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        self.at += bytes.iter().position(special).unwrap_or(bytes.len());
        (start, self.at)
    }

    fn has_lone_surrogates(&self, (start, end): (usize, usize)) -> bool {
        !self.lone_surrogates.is_empty() && !self.lone_surrogates_in(start, end).is_empty()
    }

    fn lone_surrogates_in(&self, start: usize, end: usize) -> &'a [usize] {
        let before = |limit: usize| self.lone_surrogates.partition_point(|at| *at < limit);
        &self.lone_surrogates[before(start)..before(end)]
    }

    fn push_plain(&self, text: &mut String, (mut start, end): (usize, usize)) {
        for at in self.lone_surrogates_in(start, end) {
            text.push_str(&self.text[start..*at]);
            text.push(Text::STAND_IN);
            start = at + char::REPLACEMENT_CHARACTER.len_utf8();
        }
        text.push_str(&self.text[start..end]);
    }

    /// Reads an escape, from its backslash.
    ///
    /// Rules: chase.json.escaped_surrogates.
    fn escape(&mut self, open: usize) -> Result<Result<char, LoneSurrogate>, Unreadable> {
        let backslash = self.at;
        self.at += 2;
        Ok(Ok(match self.text.as_bytes().get(backslash + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let Some(unit) = self.code_unit(backslash) else {
                    let error = "Invalid \\uXXXX escape";
                    return Err(self.invalid(
                        rule("chase.json.invalid_unicode_escape"),
                        error,
                        backslash + 1,
                    ));
                };
                self.at = backslash + 6;
                let next = (0xD800..0xDC00)
                    .contains(&unit)
                    .then(|| self.code_unit(self.at))
                    .flatten();
                let low = next.filter(|unit| (0xDC00..0xE000).contains(unit));
                if low.is_some() {
                    self.at += 6;
                }
                let mut characters = char::decode_utf16([unit].into_iter().chain(low));
                return Ok(characters.next().and_then(Result::ok).ok_or(LoneSurrogate));
            }
            Some(_) => {
                let error = "Invalid \\escape";
                return Err(self.invalid(rule("chase.json.invalid_escape"), error, backslash));
            }
            None => return Err(self.unterminated(open)),
        }))
    }

    /// The code unit of a whole `\uXXXX` at that place. Whole is only what has something behind it.
    fn code_unit(&self, at: usize) -> Option<u16> {
        let [b'\\', b'u', digits @ .., _] = self.text.as_bytes().get(at..at + 7)? else {
            return None;
        };
        digits.iter().try_fold(0, |unit, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(unit << 4 | u16::try_from(digit).ok()?)
        })
    }

    /// Reads a number, or a word that is a value.
    ///
    /// Rules: chase.json.constants.
    fn literal(&mut self) -> Result<Value<'a>, Unreadable> {
        let (word, value) = match self.peek() {
            Some(b'n') => ("null", Value::Null),
            Some(b't') => ("true", Value::Boolean(true)),
            Some(b'f') => ("false", Value::Boolean(false)),
            Some(b'N') => ("NaN", Value::Float("NaN")),
            Some(b'I') => ("Infinity", Value::Float("Infinity")),
            Some(b'-') => ("-Infinity", Value::Float("-Infinity")),
            _ => return self.number(),
        };
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        self.number()
    }

    /// Reads a number as far as it goes: what makes no whole fraction or exponent is left to whoever reads on.
    fn number(&mut self) -> Result<Value<'a>, Unreadable> {
        const MOST_DIGITS: usize = 4300;
        let rest = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| {
            rest[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let is_at = |at: usize, bytes: &[u8]| rest.get(at).is_some_and(|byte| bytes.contains(byte));

        let sign = usize::from(is_at(0, b"-"));
        let whole = if is_at(sign, b"0") { 1 } else { digits(sign) };
        if whole == 0 {
            return Err(self.invalid(
                rule("chase.json.expecting_value"),
                "Expecting value",
                self.at,
            ));
        }
        let mut end = sign + whole;
        if is_at(end, b".") && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if is_at(end, b"eE") {
            let power = end + 1 + usize::from(is_at(end + 1, b"+-"));
            if digits(power) > 0 {
                end = power + digits(power);
            }
        }

        let spelt = &self.text[self.at..self.at + end];
        self.at += end;
        if end > sign + whole {
            Ok(Value::Float(spelt))
        } else if whole > MOST_DIGITS {
            Err(Unreadable::Failure {
                rule: rule("chase.json.long_integers"),
                why: "the body has an integer of more than 4300 digits",
            })
        } else {
            Ok(Value::Integer(spelt))
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one byte and the white space behind it.
    fn step(&mut self) {
        self.at += 1;
        self.skip_white_space();
    }

    /// Rules: chase.json.white_space.
    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn unterminated(&self, open: usize) -> Unreadable {
        let error = "Unterminated string starting at";
        self.invalid(rule("chase.json.unterminated_string"), error, open)
    }

    /// Rules: chase.json.positions, chase.json.second_mark.
    fn invalid(&self, rule: RuleId, error: &'static str, at: usize) -> Unreadable {
        Unreadable::Invalid {
            rule,
            error,
            position: self.text[..at].chars().count(),
        }
    }
}

/// An escape that stands for half a character.
struct LoneSurrogate;

/// Of members with the same name, the value that came last, where the first one stood.
///
/// Rules: chase.json.duplicate_names.
fn last_of_each<'a>(members: Vec<(Text<'a>, Value<'a>)>) -> Vec<(Text<'a>, Value<'a>)> {
    // Up to here, comparing each with each is faster than hashing.
    const FEW: usize = 16;
    let repeated = |(n, (name, _)): (usize, &(Text<'a>, _))| {
        members[..n].iter().any(|(other, _)| other == name)
    };
    if members.len() <= FEW && !members.iter().enumerate().any(repeated) {
        return members;
    }
    let mut places: HashMap<Text<'a>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(Text<'a>, Value<'a>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.entry(name) {
            Entry::Occupied(place) => kept[*place.get()].1 = value,
            Entry::Vacant(place) => {
                kept.push((place.key().clone(), value));
                place.insert(kept.len() - 1);
            }
        }
    }
    kept
}
