//! Punycode (RFC 3492), over code points rather than characters: a label may decode to surrogates, and the vendor
//! names them in its refusal.

const BASE: u64 = 36;
const T_MIN: u64 = 1;
const T_MAX: u64 = 26;
const SKEW: u64 = 38;
const DAMP: u64 = 700;
const FIRST_BIAS: u64 = 72;
const FIRST_CODE: u64 = 0x80;
const LAST_CODE: u64 = 0x10_ffff;
const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The code points of an encoded label without its prefix, in lower case. None if it is malformed.
pub(super) fn decode(encoded: &str) -> Option<Vec<u32>> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut decoded: Vec<u32> = basic.chars().map(u32::from).collect();
    let mut digits = extended.bytes().peekable();
    let (mut code, mut at, mut bias) = (FIRST_CODE, 0, FIRST_BIAS);
    while digits.peek().is_some() {
        // Sums that do not fit stand for a code point beyond the last, so they may stop growing.
        let (mut delta, mut weight) = (0_u64, 1_u64);
        for step in 1.. {
            let digit = digits
                .next()
                .and_then(|byte| DIGITS.iter().position(|&digit| digit == byte))?
                as u64;
            let threshold = threshold(step, bias);
            delta = delta.saturating_add(weight.saturating_mul(digit));
            if digit < threshold {
                break;
            }
            weight = weight.saturating_mul(BASE - threshold);
        }
        let room = decoded.len() as u64 + 1;
        bias = adapt(delta, room, decoded.len() == basic.len());
        at = delta.saturating_add(at);
        code = code.saturating_add(at / room);
        at %= room;
        let decoded_code = u32::try_from(code).ok().filter(|_| code <= LAST_CODE)?;
        decoded.insert(usize::try_from(at).ok()?, decoded_code);
        at += 1;
    }
    Some(decoded)
}

/// The encoded form of a label, without a prefix.
pub(super) fn encode(label: &[u32]) -> String {
    let mut encoded: String = label
        .iter()
        .filter_map(|&code| char::from_u32(code))
        .filter(char::is_ascii)
        .collect();
    let basic = encoded.len() as u64;
    if basic > 0 {
        encoded.push('-');
    }
    let mut extended: Vec<u64> = label
        .iter()
        .map(|&code| u64::from(code))
        .filter(|&code| code >= FIRST_CODE)
        .collect();
    extended.sort_unstable();
    extended.dedup();
    let (mut next, mut done, mut delta, mut bias) = (FIRST_CODE, basic, 0, FIRST_BIAS);
    for code in extended {
        delta += (code - next) * (done + 1);
        next = code + 1;
        for &other in label {
            match u64::from(other) {
                smaller if smaller < code => delta += 1,
                same if same == code => {
                    push_integer(&mut encoded, delta, bias);
                    done += 1;
                    bias = adapt(delta, done, done == basic + 1);
                    delta = 0;
                }
                _ => {}
            }
        }
        delta += 1;
    }
    encoded
}

/// Appends a number in the variable-length form of RFC 3492, section 3.3.
fn push_integer(encoded: &mut String, mut number: u64, bias: u64) {
    let digit = |value: u64| char::from(DIGITS[usize::try_from(value % BASE).unwrap_or_default()]);
    for step in 1.. {
        let threshold = threshold(step, bias);
        if number < threshold {
            break;
        }
        encoded.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
    }
    encoded.push(digit(number));
}

fn threshold(step: u64, bias: u64) -> u64 {
    (BASE * step).saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// The next bias (RFC 3492, section 3.4); `length` is the number of code points so far.
fn adapt(delta: u64, length: u64, first: bool) -> u64 {
    let mut delta = delta / if first { DAMP } else { 2 };
    delta += delta / length;
    let mut bias = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        bias += BASE;
    }
    bias + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};
    use crate::vendors::chase::email::unicode::code_points;

    #[test]
    fn labels_are_encoded_and_decoded() {
        // Those with more than one letter beyond ASCII are samples of RFC 3492, section 7.1.
        for (label, encoded) in [
            ("bücher", "bcher-kva"),
            ("א", "4db"),
            ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
            ("majiでkoiする5秒前", "majikoi5-783gue6qz075azm5e"),
        ] {
            let label = code_points(label);
            assert_eq!(encode(&label), encoded);
            assert_eq!(decode(encoded), Some(label));
        }
    }

    #[test]
    fn malformed_texts_are_not_decoded() {
        // Cut short; no digit; beyond the last code point; beyond any number.
        let enormous = format!("{}a", "9".repeat(1000));
        for encoded in ["99999", "a-é", "bcher-kva\u{80}", "999999a", &enormous] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
        assert_eq!(decode("a"), Some(vec![0x80]));
        assert_eq!(decode("ib9b"), Some(vec![0xd800]));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(label in prop::collection::vec(prop_oneof![0_u32..0x80, 0x80_u32..0x11_0000], 0..20)) {
            prop_assert_eq!(decode(&encode(&label)), Some(label));
        }

        #[test]
        fn no_text_panics(encoded in "[a-z0-9-]{0,80}|\\PC{0,9}") {
            let _ = decode(&encoded);
        }
    }
}
