//! Page "Conversions": marking one as successful.

use std::iter;

use jiff::Timestamp;
use percent_encoding::percent_encode_byte;
use serde_json::{Value, json};

use super::conversions::{answered_alike, documented_actions};
use super::strategies::{bytes, capitals, decimal, guid, name, value, words};
use super::{
    accepted, account, code, list, mark, mentions, message, put_variables, refused, result, seen,
    sound, steady, visitor,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Form, Request, Transcript};
use crate::expect::{Breach, Expect, demand, json, status, status_from};
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.mark.recorded", recorded),
    ("comm100.mark.members", members),
    ("comm100.mark.result_status", result_status),
    ("comm100.mark.ok_message", ok_message),
    ("comm100.mark.unknown_name", unknown_name),
    ("comm100.mark.unknown_name_message", unknown_name_message),
    ("comm100.mark.sample", sample),
    ("comm100.mark.sample_visitor", sample_visitor),
    ("comm100.mark.unknown_visitor", unknown_visitor),
    (
        "comm100.mark.unknown_visitor_message",
        unknown_visitor_message,
    ),
    ("comm100.mark.offline_visitor", offline_visitor),
    ("comm100.mark.error_3", error_3),
    ("comm100.mark.error_3_message", error_3_message),
    ("comm100.mark.disabled_action", disabled_action),
    ("comm100.mark.other_type", other_type),
    ("comm100.mark.name_exact", name_exact),
    ("comm100.mark.lowest_id_wins", lowest_id_wins),
    ("comm100.mark.visitor_any_case", visitor_any_case),
    ("comm100.mark.visitor_as_written", visitor_as_written),
    ("comm100.mark.name_required", name_required),
    ("comm100.mark.visitor_id_required", visitor_id_required),
    ("comm100.mark.value_required", value_required),
    ("comm100.mark.required_message", required_message),
    ("comm100.mark.empty_is_missing", empty_is_missing),
    ("comm100.mark.first_missing_named", first_missing_named),
    ("comm100.mark.value_number", value_number),
    ("comm100.mark.value_fits", value_fits),
    ("comm100.mark.form_only", form_only),
    (
        "comm100.mark.no_content_type_is_form",
        no_content_type_is_form,
    ),
    ("comm100.mark.form_with_parameters", form_with_parameters),
    ("comm100.mark.plus_is_space", plus_is_space),
    ("comm100.mark.percent_decoded", percent_decoded),
    ("comm100.mark.odd_escapes", odd_escapes),
    ("comm100.mark.repeated_joined", repeated_joined),
    ("comm100.mark.parameter_names_exact", parameter_names_exact),
    ("comm100.mark.query_ignored", query_ignored),
    ("comm100.mark.name_before_visitor", name_before_visitor),
    ("comm100.mark.again_recorded", again_recorded),
    ("comm100.mark.only_zero_records", only_zero_records),
    ("comm100.mark.record_content", record_content),
    ("comm100.mark.changes_nothing", changes_nothing),
];

/// The parameters in the order of the page.
const PARAMETERS: [&str; 3] = ["conversion_name", "visitorId", "value"];
/// The visitor of the documented call.
const DOCUMENTED_VISITOR: &str = "7273e957-02cb-4c03-a84c-44283fcfd47d";
/// The documented call's body.
const DOCUMENTED_BODY: &str =
    "conversion_name=sales_goal&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=500";
/// A GUID that is nobody's.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A call that is recorded, and what can be made of it.
#[derive(Clone)]
struct Marking {
    request: Request,
    form: Form,
    unknown_name: String,
}

impl Marking {
    fn of(world: &World) -> Result<Self, Blocked> {
        let form = sound(world)?;
        Ok(Self {
            request: mark(world, &form)?,
            form,
            unknown_name: world.unique(),
        })
    }

    /// As it is.
    fn sound(&self) -> Request {
        self.request.clone()
    }

    /// With another form.
    fn form(&self, change: impl FnOnce(Form) -> Form) -> Request {
        self.sound().form(&change(self.form.clone()))
    }

    /// With another value of a parameter.
    fn with(&self, parameter: &str, value: &str) -> Request {
        self.form(|form| form.set(parameter, value))
    }

    /// With a parameter less.
    fn without(&self, parameter: &str) -> Request {
        self.form(|form| form.without(parameter))
    }

    /// With a name that no action has.
    fn unknown_name(&self) -> Request {
        self.with("conversion_name", &self.unknown_name)
    }

    /// With a visitor that nobody is.
    fn unknown_visitor(&self) -> Request {
        self.with("visitorId", NOBODY)
    }

    /// With this as `conversion_name` as it is sent, escapes and all, before the other parameters.
    fn raw_name(&self, name: impl AsRef<[u8]>) -> Request {
        let rest = self.form.clone().without("conversion_name").encoded();
        let body = [b"conversion_name=", name.as_ref(), b"&", rest.as_bytes()].concat();
        self.sound().body(body)
    }

    /// A case whose tested call is answered with another result than its twin, the sound call.
    fn but(&self, name: impl Into<String>, broken: Request, expect: Expect) -> Case {
        Case::new(name.into())
            .twin(self.sound(), result(0))
            .tested("broken", broken, expect)
    }

    /// A case whose tested call is as good as the sound one, where an unknown name is no good.
    fn alike(&self, name: impl Into<String>, other: Request) -> Case {
        Case::new(name.into())
            .given("unknown name", self.unknown_name(), result(1))
            .twin(self.sound(), result(0))
            .tested("as good", other, result(0))
    }
}

/// A call that a parameter is missing of.
fn missing() -> Expect {
    refused(400_000)
}

/// A call whose value is no number.
fn not_a_number() -> Expect {
    refused(400_003)
}

/// With an action, a visitor and a value the result is 0, in whatever order they stand.
fn recorded(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let backwards = marking.form(|mut form| {
        form.0.reverse();
        form
    });
    let cases = [("as documented", marking.sound()), ("backwards", backwards)];
    Ok(Check::new().cases(cases.map(|(name, request)| {
        Case::new(name)
            .given("unknown name", marking.unknown_name(), result(1))
            .tested("sound", request, result(0))
    })))
}

/// Results 0, 1 and 2, each as a call.
fn results(marking: &Marking) -> [(i64, Request); 3] {
    [
        (0, marking.sound()),
        (1, marking.unknown_name()),
        (2, marking.unknown_visitor()),
    ]
}

/// A result has a number and a text.
fn members(world: &World) -> Result<Check, Blocked> {
    let shape = json("").holds(
        "an object with an integer error_code and a text error_message",
        |result| result["error_code"].is_i64() && result["error_message"].is_string(),
    );
    let cases = results(&Marking::of(world)?)
        .map(|(code, request)| seen(format!("result {code}"), request, accepted(), shape.clone()));
    Ok(Check::new().cases(cases))
}

/// Whatever the result, the status is 200.
fn result_status(world: &World) -> Result<Check, Blocked> {
    let cases = results(&Marking::of(world)?)
        .map(|(code, request)| seen(format!("result {code}"), request, result(code), status(200)));
    Ok(Check::new().cases(cases))
}

/// A result with a text.
fn has_message() -> Expect {
    json("/error_message").holds("a text", Value::is_string)
}

/// A call with that result says so in these words.
fn says(request: Request, code: i64, message: &str) -> Case {
    let told = result(code).and(has_message());
    let message = json("/error_message").is(message);
    seen(format!("result {code}"), request, told, message)
}

/// Result 0 says ok.
fn ok_message(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    Ok(Check::of(says(marking.sound(), 0, "ok")))
}

/// Result 1 says what the sample says.
fn unknown_name_message(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let message = "the conversion does not exist";
    Ok(Check::of(says(marking.unknown_name(), 1, message)))
}

/// Result 2 says what the table says.
fn unknown_visitor_message(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let message = "the visitorId does not exist";
    Ok(Check::of(says(marking.unknown_visitor(), 2, message)))
}

/// Whether conversions cannot be added.
fn switch_error_3(on: bool) -> Value {
    account(&json!({"error_3": on}))
}

/// Result 3 says what the table says.
fn error_3_message(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let request = Marking::of(world)?.sound();
    let message = "error adding conversion-related Data to system";
    let case = Case::new("result 3")
        .state(switch_error_3(true))
        .given("call", request.clone(), result(3).and(has_message()))
        .tested("again", request, json("/error_message").is(message));
    Ok(Check::of(case))
}

/// A name that no action has is answered with result 1, and the same call with a name that one has with result 0.
fn unknown_name(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let unknown = marking.unknown_name();
    Ok(Check::of(marking.but(
        "an unknown name",
        unknown,
        result(1),
    )))
}

/// The documented call has the documented answer where the account has the documented actions, and result 0 where it has
/// one of that name too.
fn sample(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let documented = marking.sound().body(DOCUMENTED_BODY);
    let case = Case::new("the documented call")
        .given("unknown name", marking.unknown_name(), result(1))
        .twin(documented.clone(), result(0))
        .state(documented_actions())
        .tested("documented", documented, result(1));
    Ok(Check::of(case))
}

/// The documented visitor can achieve a conversion.
fn sample_visitor(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let documented = marking.with("visitorId", DOCUMENTED_VISITOR);
    let case = Case::new("the documented visitor")
        .given("unknown visitor", marking.unknown_visitor(), result(2))
        .twin(marking.sound(), result(0))
        .tested("documented", documented, result(0));
    Ok(Check::of(case))
}

/// A GUID that is nobody's is answered with result 2.
fn unknown_visitor(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let nobody = marking.but(
        "a GUID that is nobody's",
        marking.unknown_visitor(),
        result(2),
    );
    Ok(Check::of(nobody).random(2, guid(), move |guid| {
        let unknown = marking.with("visitorId", &guid);
        marking.but(format!("the visitor {guid}"), unknown, result(2))
    }))
}

/// Whoever is out of the site gets result 2, and in any other status result 0.
fn offline_visitor(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let visitor = world.text("visitor_id")?;
    let in_status = |status: u8| account(&json!({"visitors": {&visitor: {"status": status}}}));
    let out = Case::new("status 11")
        .state(in_status(10))
        .twin(marking.sound(), result(0))
        .state(in_status(11))
        .tested("out of the site", marking.sound(), result(2));
    let on_site = (0..10).map(|status| {
        Case::new(format!("status {status}"))
            .given("unknown visitor", marking.unknown_visitor(), result(2))
            .state(in_status(10))
            .twin(marking.sound(), result(0))
            .state(in_status(status))
            .tested("on the site", marking.sound(), result(0))
    });
    Ok(Check::of(out).cases(on_site))
}

/// A call that is answered with `code` in one state of the account, and with result 0 in another.
fn in_state(request: Request, name: &'static str, good: Value, bad: Value, code: i64) -> Case {
    Case::new(name)
        .state(good)
        .twin(request.clone(), result(0))
        .state(bad)
        .tested("broken", request, result(code))
}

/// The fault of the service is result 3.
fn error_3(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let (off, on) = (switch_error_3(false), switch_error_3(true));
    let request = Marking::of(world)?.sound();
    Ok(Check::of(in_state(request, "a fault", off, on, 3)))
}

/// The third action with these members.
fn action(members: &Value) -> Value {
    account(&json!({"actions": {"3": members}}))
}

/// A disabled action is as good as none.
fn disabled_action(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let request = Marking::of(world)?.with("conversion_name", "sales_goal");
    let enabled = |on: bool| action(&json!({"isEnable": on}));
    let case = in_state(request, "disabled", enabled(true), enabled(false), 1);
    Ok(Check::of(case))
}

/// An action that the visitor achieves is as good as none.
fn other_type(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let request = Marking::of(world)?.with("conversion_name", "sales_goal");
    let typed = |name: &str| action(&json!({"type": name}));
    Ok(Check::new().cases(
        ["url", "customVariable"]
            .map(|name| in_state(request.clone(), name, typed("api"), typed(name), 1)),
    ))
}

/// A name that differs from an action's in anything is unknown, and one as long as one likes is not.
fn name_exact(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let exact = |name: &str, other: &str| {
        let call = |name: &str| marking.with("conversion_name", name);
        Case::new(format!("{other:?} in place of {name:?}"))
            .given("unknown name", marking.unknown_name(), result(1))
            .twin(call(name), result(0))
            .tested("other name", call(other), result(1))
    };
    let others = [
        ("sales_goal", "SALES_GOAL"),
        ("sales_goal", "Sales_goal"),
        ("sales_goal", " sales_goal"),
        ("sales_goal", "sales_goal "),
        ("sales_goal", "sales_goal\n"),
        ("sales_goal", "sales_goa"),
        ("Product Purchase", "Product  Purchase"),
        ("Café ☕", "Cafe\u{301} ☕"),
        ("Café ☕", "CAFÉ ☕"),
    ];
    let lengths = [63, 64, 255, 256, 1_000, 10_000].map(|length| {
        let name = "n".repeat(length);
        let call = |name: &str| marking.with("conversion_name", name);
        Case::new(format!("a name of {length} characters"))
            .given("unknown name", marking.unknown_name(), result(1))
            .twin(marking.sound(), result(0))
            .state(account(&json!({"actions": {"100": {"name": name}}})))
            .tested("long name", call(&name), result(0))
            .tested("longer still", call(&format!("{name}n")), result(1))
    });
    Ok(Check::new()
        .cases(others.map(|(name, other)| exact(name, other)))
        .cases(lengths))
}

/// The action with the lower id answers for both.
fn lowest_id_wins(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let enabled = |lower: bool, higher: bool| {
        account(&json!({"actions": {
            "4": {"isEnable": false},
            "9": {"isEnable": lower},
            "10": {"isEnable": higher},
        }}))
    };
    let both = marking.with("conversion_name", "twice");
    let disabled = marking.with("conversion_name", "switched_off");
    let case = Case::new("two actions of one name")
        .state(enabled(true, false))
        .given("disabled action", disabled, result(1))
        .twin(both.clone(), result(0))
        .state(enabled(false, true))
        .tested("the lower one is disabled", both, result(1));
    Ok(Check::of(case))
}

/// A GUID is the same in capitals.
fn visitor_any_case(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let visitor = world.text("visitor_id")?;
    let case = move |name: &'static str, id: &str| {
        Case::new(name)
            .given("unknown visitor", marking.unknown_visitor(), result(2))
            .twin(marking.sound(), result(0))
            .tested("other case", marking.with("visitorId", id), result(0))
    };
    Ok(Check::of(case("in capitals", &visitor.to_uppercase()))
        .case(case("in small letters", &visitor.to_lowercase()))
        .random(3, capitals(), move |capitals| {
            case("in mixed letters", &capitalised(&visitor, capitals))
        }))
}

/// A text with capitals where the mask has ones, small letters elsewhere.
pub(super) fn capitalised(text: &str, mask: u64) -> String {
    text.chars()
        .enumerate()
        .map(|(place, letter)| {
            if mask >> (place % 64) & 1 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect()
}

/// A visitor's id is only found as a GUID is usually written.
fn visitor_as_written(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let visitor = world.text("visitor_id")?;
    let others = [
        visitor.replace('-', ""),
        format!("{{{visitor}}}"),
        format!("({visitor})"),
        format!("urn:uuid:{visitor}"),
        format!(" {visitor}"),
        format!("{visitor} "),
        format!("{visitor}0"),
        "1".to_owned(),
        "nobody".to_owned(),
        "-".repeat(36),
        "☕".to_owned(),
    ];
    Ok(Check::new().cases(others.map(|other| {
        Case::new(format!("visitorId {other:?}"))
            .given("unknown visitor", marking.unknown_visitor(), result(2))
            .twin(marking.sound(), result(0))
            .tested("otherwise", marking.with("visitorId", &other), result(2))
    })))
}

/// Without this parameter the call is refused.
fn required(world: &World, parameter: &str) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let without = marking.without(parameter);
    Ok(Check::of(marking.but(
        format!("without {parameter}"),
        without,
        missing(),
    )))
}

/// Without a name a call is refused.
fn name_required(world: &World) -> Result<Check, Blocked> {
    required(world, "conversion_name")
}

/// Without a visitor a call is refused.
fn visitor_id_required(world: &World) -> Result<Check, Blocked> {
    required(world, "visitorId")
}

/// Without a value a call is refused.
fn value_required(world: &World) -> Result<Check, Blocked> {
    required(world, "value")
}

/// A refusal for a missing parameter names it in the published words, on both pages.
fn required_message(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let calls = PARAMETERS
        .map(|parameter| (parameter, marking.without(parameter)))
        .into_iter()
        .chain([
            ("name", put_variables(world, &json!([{"value": "1"}]))?),
            ("value", put_variables(world, &json!([{"name": "1"}]))?),
        ]);
    Ok(Check::new().cases(calls.map(|(parameter, request)| {
        let published = message(&format!("Parameter '{parameter}' is required."));
        seen(
            format!("without {parameter}"),
            request,
            code(400_000),
            published,
        )
    })))
}

/// A call is refused as another one is.
fn refused_alike(
    name: String,
    twin: (Request, Expect),
    one: (Request, Expect),
    other: Request,
) -> Case {
    Case::new(name)
        .twin(twin.0, twin.1)
        .given("known to be refused", one.0, one.1)
        .tested("refused alike", other, Expect::anything())
        .judge(|transcript| answered_alike(transcript, "known to be refused", "refused alike"))
}

/// An empty parameter is answered as one that is not there.
fn empty_is_missing(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    Ok(Check::new().cases(PARAMETERS.map(|parameter| {
        refused_alike(
            format!("an empty {parameter}"),
            (marking.sound(), result(0)),
            (marking.without(parameter), missing()),
            marking.with(parameter, ""),
        )
    })))
}

/// Of several parameters that are missing the refusal names the first.
fn first_missing_named(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let [name, visitor, value] = PARAMETERS;
    let several = [
        vec![name, visitor],
        vec![name, value],
        vec![visitor, value],
        vec![name, visitor, value],
    ];
    Ok(Check::new().cases(several.map(|absent| {
        let names = |wanted: &str| {
            let named = wanted.to_owned();
            json("/message").holds(
                &format!("a message that names {wanted} alone"),
                move |message| {
                    let message = message.as_str().unwrap_or_default();
                    PARAMETERS
                        .iter()
                        .all(|parameter| message.contains(parameter) == (*parameter == named))
                },
            )
        };
        let broken = marking.form(|form| absent.iter().fold(form, |form, name| form.without(name)));
        let one_by_one = absent.iter().fold(
            Case::new(format!("without {}", absent.join(", "))),
            |case, name| case.given(name, marking.without(name), names(name)),
        );
        one_by_one.tested("without several", broken, names(absent[0]))
    })))
}

/// What is a decimal is taken, and what is none refused.
fn value_number(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let good = [
        "0",
        "1",
        "-1",
        "+1",
        "007",
        "1.50",
        "-0.0",
        "+0.5",
        "0.00000001",
        "500",
        "123456789012345",
    ];
    let bad = [
        ".5", "5.", "1e3", "1E3", "1,5", "1 000", " 1", "1 ", "$5", "5 USD", "0x10", "٣", "--1",
        "+-1", "1.2.3", "NaN", "inf", "Infinity", "-", "+", ".", "abc", "1_000", "1\n", "½",
        "null",
    ];
    let taken = |marking: &Marking, value: &str| {
        let name = format!("the value {value:?}");
        Case::new(name)
            .given("no number", marking.with("value", "abc"), not_a_number())
            .twin(marking.sound(), result(0))
            .tested("number", marking.with("value", value), result(0))
    };
    let not_taken = |marking: &Marking, value: &str| {
        let name = format!("the value {value:?}");
        marking.but(name, marking.with("value", value), not_a_number())
    };
    Ok(Check::new()
        .cases(good.map(|value| taken(&marking, value)))
        .cases(bad.map(|value| not_taken(&marking, value)))
        .random(3, value(), move |(is_good, value)| {
            if is_good {
                taken(&marking, &value)
            } else {
                not_taken(&marking, &value)
            }
        }))
}

/// What no 64-bit float can hold is refused, and what one can is taken.
fn value_fits(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let zeros = |count| "0".repeat(count);
    let rows = [
        ("1", format!("1{}", zeros(308)), format!("1{}", zeros(309))),
        (
            "1",
            format!("17976931348623157{}", zeros(292)),
            format!("17976931348623160{}", zeros(292)),
        ),
        (
            "-1",
            format!("-1{}", zeros(308)),
            format!("-1{}", zeros(309)),
        ),
        (
            "1.5",
            format!("1{}.5", zeros(308)),
            format!("1{}.5", zeros(309)),
        ),
        ("0.1", format!("0.{}1", zeros(400)), "9".repeat(400)),
    ];
    Ok(Check::new().cases(rows.map(|(small, fits, too_large)| {
        Case::new(format!("{} and {} characters", fits.len(), too_large.len()))
            .twin(marking.with("value", small), result(0))
            .tested("fits", marking.with("value", &fits), result(0))
            .tested(
                "too large",
                marking.with("value", &too_large),
                not_a_number(),
            )
    })))
}

/// A body is a form by its content type, or not read.
fn form_only(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let as_type = |name: &str| marking.sound().header("Content-Type", name);
    let object: Value = marking
        .form
        .0
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    let parts: String = marking
        .form
        .0
        .iter()
        .map(|(name, value)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .chain(iter::once("--b--\r\n".to_owned()))
        .collect();
    let refused = missing().and(json("/message").matches(r"\bconversion_name\b"));
    let but = |name: &str, broken| marking.but(name, broken, refused.clone());
    Ok(Check::new()
        .case(but("JSON", marking.sound().json(&object)))
        .case(but(
            "several parts",
            as_type("multipart/form-data; boundary=b").body(parts),
        ))
        .cases(
            [
                "application/json",
                "text/plain",
                "multipart/form-data",
                "application/xml",
                "",
            ]
            .map(|name| but(&format!("a form as {name:?}"), as_type(name))),
        ))
}

/// A form needs no content type.
fn no_content_type_is_form(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let plain = marking.sound().without_header("Content-Type");
    Ok(Check::of(marking.alike("without Content-Type", plain)))
}

/// A form's media type is found in any letter case, and before parameters.
fn form_with_parameters(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let types = [
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded ; charset=utf-8",
        "application/x-www-form-urlencoded; charset=iso-8859-1",
        "application/x-www-form-urlencoded; a=b; c=\"d\"",
        "Application/X-WWW-Form-Urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; CHARSET=UTF-8",
    ];
    Ok(Check::new().cases(types.map(|name| {
        let typed = marking.sound().header("Content-Type", name);
        marking.alike(name, typed)
    })))
}

/// A call by a name that is written in another way, once an action has that name.
fn spelled(marking: &Marking, name: &str, usual: &[u8], other: &[u8]) -> Case {
    Case::new(format!("the name {name:?}"))
        .state(account(&json!({"actions": {"100": {"name": name}}})))
        .given("unknown name", marking.unknown_name(), result(1))
        .twin(marking.raw_name(usual), result(0))
        .tested("other spelling", marking.raw_name(other), result(0))
}

/// A name with + for its spaces is the same as with %20.
fn plus_is_space(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let case = move |name: String| {
        let (escaped, plus) = (name.replace(' ', "%20"), name.replace(' ', "+"));
        spelled(&marking, &name, escaped.as_bytes(), plus.as_bytes())
    };
    Ok(Check::of(case("Product Purchase".to_owned()))
        .case(case("a b c".to_owned()))
        .random(3, words(), case))
}

/// A name with every byte escaped.
fn escaped(name: &str) -> String {
    name.bytes().map(percent_encode_byte).collect()
}

/// A name in escapes is found, whatever its script; one escape off, it is not.
fn percent_decoded(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let case = {
        let marking = marking.clone();
        move |name: &str, spelling: &str| {
            Case::new(format!("the name {name:?} as {spelling}"))
                .state(account(&json!({"actions": {"100": {"name": name}}})))
                .twin(marking.sound(), result(0))
                .given(
                    "one more",
                    marking.raw_name(format!("{spelling}%21")),
                    result(1),
                )
                .tested("escaped", marking.raw_name(spelling), result(0))
        }
    };
    let table = [
        ("Café ☕", "Caf%C3%A9%20%E2%98%95"),
        ("Café ☕", "Caf%c3%a9%20%e2%98%95"),
        ("sales_goal", "%73ales%5Fgoal"),
        ("a&b=c", "a%26b%3Dc"),
        ("1+1", "1%2B1"),
        ("100%", "100%25"),
        ("😀", "%F0%9F%98%80"),
    ]
    .map(|(name, spelling)| case(name, spelling));
    Ok(Check::new()
        .cases(table)
        .random(3, name(), move |name| case(&name, &escaped(&name))))
}

/// What is no escape stays, what is no UTF-8 is replaced, and nothing makes the service fail.
fn odd_escapes(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let rows: [(&str, &[u8]); 8] = [
        ("100%", b"100%"),
        ("%", b"%"),
        ("%zz", b"%zz"),
        ("%4", b"%4"),
        ("50% off", b"50%%20off"),
        ("caf\u{fffd}", b"caf%FF"),
        ("caf\u{fffd}", b"caf%E9"),
        ("caf\u{fffd}", b"caf\xff"),
    ];
    let table = rows.map(|(name, odd)| spelled(&marking, name, escaped(name).as_bytes(), odd));
    Ok(Check::new().cases(table).random(2, bytes(), move |bytes| {
        Case::new("any bytes")
            .twin(marking.sound(), result(0))
            .tested("any bytes", marking.raw_name(&bytes), status_from(200, 499))
    }))
}

/// Two values of a parameter are one, with a comma between.
fn repeated_joined(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let case = |parameter: &str, first: &str, second: &str, refused: Expect| {
        let joined = marking.with(parameter, &format!("{first},{second}"));
        let mut form = marking.form.clone().set(parameter, first);
        let place = form.0.iter().position(|(name, _)| name == parameter);
        let after = place.map_or(form.0.len(), |place| place + 1);
        form.0
            .insert(after, (parameter.to_owned(), second.to_owned()));
        refused_alike(
            format!("{parameter} {first:?} and {second:?}"),
            (marking.sound(), result(0)),
            (joined, refused),
            marking.sound().form(&form),
        )
    };
    let (name, visitor) = (world.text("conversion_name")?, world.text("visitor_id")?);
    Ok(Check::new()
        .case(case("value", "5", "6", not_a_number()))
        .case(case("value", "5", "5", not_a_number()))
        .case(case("value", "", "5", not_a_number()))
        .case(case("conversion_name", &name, &name, result(1)))
        .case(case("visitorId", &visitor, &visitor, result(2))))
}

/// A parameter is only found by its exact name, and one of another name makes no difference.
fn parameter_names_exact(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let renamed = [
        ("conversion_name", "Conversion_name"),
        ("conversion_name", "conversionName"),
        ("conversion_name", "CONVERSION_NAME"),
        ("visitorId", "visitorid"),
        ("visitorId", "VisitorId"),
        ("visitorId", "visitorID"),
        ("visitorId", "visitor_id"),
        ("value", "Value"),
        ("value", "value "),
    ]
    .map(|(name, other)| {
        let value = marking.form.value(name).unwrap_or_default();
        refused_alike(
            format!("{other:?} in place of {name}"),
            (marking.sound(), result(0)),
            (marking.without(name), missing()),
            marking.form(|form| form.without(name).and(other, value)),
        )
    });
    let more = ["currency", "Value", "orderId", ""].map(|name| {
        let more = marking.form(|form| form.and(name, "EUR"));
        marking.alike(format!("with a parameter {name:?} more"), more)
    });
    Ok(Check::new().cases(renamed).cases(more))
}

/// What stands in the query neither fills in for the body nor spoils it.
fn query_ignored(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let fills_in = PARAMETERS.map(|name| {
        let value = marking.form.value(name).unwrap_or_default();
        let pair = Form::default().and(name, value).encoded();
        let without = marking.without(name);
        refused_alike(
            format!("{name} in the query"),
            (marking.sound(), result(0)),
            (without.clone(), missing()),
            without.target_and(&format!("?{pair}")),
        )
    });
    let spoils = PARAMETERS.map(|name| {
        let other = marking.sound().target_and(&format!("?{name}=nothing"));
        marking.alike(format!("another {name} in the query"), other)
    });
    Ok(Check::new().cases(fills_in).cases(spoils))
}

/// When both are unknown, it is the name that is told.
fn name_before_visitor(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let neither = marking.form(|form| {
        form.set("conversion_name", &marking.unknown_name)
            .set("visitorId", NOBODY)
    });
    let case = Case::new("neither exists")
        .twin(marking.sound(), result(0))
        .given("unknown name", marking.unknown_name(), result(1))
        .given("unknown visitor", marking.unknown_visitor(), result(2))
        .tested("both unknown", neither, result(1));
    Ok(Check::of(case))
}

/// What the feed holds, oldest first.
fn fed<'t>(transcript: &'t Transcript, label: &str) -> Vec<Value> {
    let feed: Option<Value> = transcript
        .find(label)
        .and_then(|answer: &'t Answer| answer.at("/conversions"));
    feed.as_ref()
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// The feed grew by so many from one look at it to another.
fn grew(transcript: &Transcript, from: &str, to: &str, by: usize) -> Result<(), Breach> {
    let (before, after) = (fed(transcript, from).len(), fed(transcript, to).len());
    demand(
        after == before + by,
        "recorded conversions",
        (before + by).to_string(),
        after.to_string(),
    )
}

/// The same call twice is recorded twice.
fn again_recorded(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let case = Case::new("the same call twice")
        .feed("before", Expect::anything())
        .given("once", marking.sound(), result(0))
        .feed("between", Expect::anything())
        .tested("again", marking.sound(), result(0))
        .feed("after", Expect::anything())
        .judge(|transcript| {
            grew(transcript, "before", "between", 1)?;
            grew(transcript, "between", "after", 1)
        });
    Ok(Check::of(case))
}

/// A call with any other answer than result 0 is not recorded.
fn only_zero_records(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let named = |name: &str| marking.with("conversion_name", name);
    let gone = marking.with("visitorId", "c9e8d7f6-a5b4-4c3d-92e1-f0a1b2c3d4e5");
    let calls = [
        ("an unknown name", marking.unknown_name(), result(1), false),
        ("a disabled action", named("switched_off"), result(1), false),
        (
            "an action of the type url",
            named("thanks_page"),
            result(1),
            false,
        ),
        (
            "an unknown visitor",
            marking.unknown_visitor(),
            result(2),
            false,
        ),
        ("a visitor out of the site", gone, result(2), false),
        ("a fault", marking.sound(), result(3), true),
        ("no value", marking.without("value"), missing(), false),
        (
            "no number",
            marking.with("value", "abc"),
            not_a_number(),
            false,
        ),
    ];
    Ok(
        Check::new().cases(calls.map(|(name, request, answer, fault)| {
            Case::new(name)
                .state(switch_error_3(fault))
                .feed("before", Expect::anything())
                .given("not recorded", request, answer)
                .feed("after", Expect::anything())
                .state(switch_error_3(false))
                .given("recorded", marking.sound(), result(0))
                .feed("at last", Expect::anything())
                .judge(|transcript| {
                    grew(transcript, "before", "after", 0)?;
                    let more = fed(transcript, "at last").len() > fed(transcript, "after").len();
                    demand(more, "recorded conversions", "one more", "no more")
                })
        })),
    )
}

/// What is recorded of a call: who made it, what was achieved, by whom, for how much, and when.
fn record_content(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let marking = Marking::of(world)?;
    let agent = world.text("username")?;
    let case = move |value: String, visitor: &str, (id, name): (i64, &str), at: Timestamp| {
        let request = marking.form(|form| {
            form.set("conversion_name", name)
                .set("visitorId", visitor.to_ascii_uppercase())
                .set("value", &value)
        });
        let wanted = json!({
            "vendor": "comm100", "who": visitor, "name": name,
            "account": "main", "agent": agent, "id": id, "visitorId": visitor, "value": value,
        });
        Case::new(format!("action {id} for {value}"))
            .clock(at)
            .given("lower case", marking.sound(), result(0))
            .given("marked", request, result(0))
            .feed("feed", Expect::anything())
            .judge(move |transcript| {
                let last = fed(transcript, "feed").pop().unwrap_or_default();
                is_record(&last, &wanted, at)
            })
    };
    let rows = [
        (
            "500",
            DOCUMENTED_VISITOR,
            (1, "Product Purchase"),
            "2024-02-29T23:59:59.999Z",
        ),
        (
            "+007.50",
            DOCUMENTED_VISITOR,
            (3, "sales_goal"),
            "2026-01-31T00:00:00Z",
        ),
        (
            "-0.05",
            "0b7c1f6e-3a52-4d8e-9f10-2c4b6a8d0e11",
            (7, "Café ☕"),
            "2026-01-31T00:00:00Z",
        ),
    ]
    .map(|(value, visitor, action, at)| {
        let at = at.parse().expect("the instants of the table are instants");
        case(value.to_owned(), visitor, action, at)
    });
    let at = world.now;
    Ok(Check::new().cases(rows).random(4, decimal(), move |value| {
        case(value, DOCUMENTED_VISITOR, (3, "sales_goal"), at)
    }))
}

/// Whether an entry of the feed records what is wanted, at that time.
fn is_record(entry: &Value, wanted: &Value, at: Timestamp) -> Result<(), Breach> {
    let raw = &entry["raw"];
    let members = [("vendor", entry), ("who", entry), ("name", entry)]
        .into_iter()
        .chain(["account", "agent", "id", "visitorId", "value"].map(|member| (member, raw)));
    for (member, place) in members {
        let (found, wanted) = (&place[member], &wanted[member]);
        demand(
            found == wanted,
            &format!("record {member}"),
            wanted.to_string(),
            found.to_string(),
        )?;
    }
    let number = |text: &Value| text.as_str().and_then(|text| text.parse::<f64>().ok());
    demand(
        number(&entry["value"]).is_some() && number(&entry["value"]) == number(&wanted["value"]),
        "record value",
        format!("the number {}", wanted["value"]),
        entry["value"].to_string(),
    )?;
    let found: Option<Timestamp> = entry["at"].as_str().and_then(|text| text.parse().ok());
    demand(
        found == Some(at),
        "record at",
        at.to_string(),
        entry["at"].to_string(),
    )
}

/// Neither the list of actions nor the visitor is another one afterwards.
fn changes_nothing(world: &World) -> Result<Check, Blocked> {
    let marking = Marking::of(world)?;
    let (list, visitor) = (list(world)?, visitor(world)?);
    let visitor_id = world.text("visitor_id")?;
    let name = world.text("conversion_name")?;
    Ok(Check::new().cases(["1", "0", "-1"].map(|value| {
        Case::new(format!("the value {value}"))
            .given("list before", list.clone(), mentions(&name))
            .given("visitor before", visitor.clone(), mentions(&visitor_id))
            .given("marked", marking.with("value", value), result(0))
            .tested("list after", list.clone(), Expect::anything())
            .tested("visitor after", visitor.clone(), Expect::anything())
            .judge(|transcript| {
                answered_alike(transcript, "list before", "list after")?;
                let read = |label| {
                    transcript
                        .answer(label)
                        .json()
                        .as_ref()
                        .map(steady)
                        .unwrap_or_default()
                };
                let (before, after) = (read("visitor before"), read("visitor after"));
                demand(
                    before == after,
                    "body",
                    before.to_string(),
                    after.to_string(),
                )
            })
    })))
}
