//! Page "Responses": JSON or XML, and how both are written.

use serde_json::{Value, json as value};

use super::strategies::{self, Range};
use super::{
    accepted, account, get, in_xml, is_json, is_xml, names, record_of, seen, sound, submit,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Request, Transcript};
use crate::expect::{Expect, header, json, status, xml};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.formats.accept", accept),
    ("impact.formats.suffix", suffix),
    ("impact.formats.best_range", best_range),
    ("impact.formats.default_xml", default_xml),
    ("impact.formats.default_json", default_json),
    (
        "impact.formats.default_of_the_account",
        default_of_the_account,
    ),
    ("impact.formats.content_types", content_types),
    ("impact.formats.xml_root", xml_root),
    ("impact.formats.xml_single", xml_single),
    ("impact.formats.xml_list", xml_list),
    ("impact.formats.xml_findings", xml_findings),
    ("impact.formats.values_are_text", values_are_text),
    ("impact.formats.two_decimals", two_decimals),
    ("impact.formats.dates", dates),
];

/// The body is XML, whatever its root.
fn any_xml() -> Expect {
    Expect::new(|answer| {
        crate::expect::demand(
            roxmltree::Document::parse(&answer.text()).is_ok(),
            "body",
            "XML",
            answer.text(),
        )
    })
}

/// A place below the root of XML.
fn below_root(path: &str) -> crate::expect::Place {
    xml(&format!("ImpactRadiusResponse/{path}"))
}

/// A list, and a conversion.
fn both(world: &World) -> Result<[(&'static str, Request); 2], Blocked> {
    Ok([
        ("reading", get(world, "Actions")?),
        ("submitting", submit(world, &sound(world)?)?),
    ])
}

/// The same request with this Accept.
fn accepting(request: &Request, ranges: &str) -> Request {
    request.clone().header("Accept", ranges)
}

/// Accept says in which format.
fn accept(world: &World) -> Result<Check, Blocked> {
    Ok(Check::new().cases(both(world)?.map(|(name, request)| {
        Case::new(name)
            .tested("JSON", accepting(&request, "application/json"), is_json())
            .tested("XML", accepting(&request, "application/xml"), any_xml())
    })))
}

/// A suffix says so louder.
fn suffix(world: &World) -> Result<Check, Blocked> {
    let mut all = both(world)?.to_vec();
    all.push(("what does not exist", get(world, "Actions/1.2.3")?));
    Ok(Check::new().cases(all.into_iter().map(|(name, request)| {
        let json = request.clone().target_and(".json");
        let xml = request.target_and(".xml");
        Case::new(name)
            .tested("JSON", accepting(&json, "application/xml"), is_json())
            .tested("XML", accepting(&xml, "application/json"), any_xml())
            .tested("JSON alone", json.without_header("Accept"), is_json())
            .tested("XML alone", xml.without_header("Accept"), any_xml())
    })))
}

/// The range that is liked best decides.
fn best_range(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let submission = submit(world, &sound(world)?)?;
    let mut check = Check::new();
    for (ranges, expect) in [
        ("application/xml, application/json", any_xml()),
        ("application/json, application/xml", is_json()),
        ("application/xml;q=0.9, application/json", is_json()),
        ("application/json;q=0.5, text/xml;q=0.75", any_xml()),
        ("text/xml;q=0, application/json;q=0.1", is_json()),
        ("text/html;q=0.1, application/json;q=0.9", is_json()),
        ("Application/JSON", is_json()),
        ("text/html", any_xml()),
        ("text/html, application/json;q=0.9", any_xml()),
        ("*/*, application/json;q=0.9", any_xml()),
    ] {
        let expect = accepted().and(expect);
        check =
            check.case(Case::new(ranges).tested("reading", accepting(&request, ranges), expect));
    }
    let odd = "text/html, application/xml;q=0.9";
    let by_default = accepted().and(is_json());
    check =
        check.case(Case::new(odd).tested("submitting", accepting(&submission, odd), by_default));
    Ok(check.random(1, strategies::accept(), move |ranges| {
        let best = Range::best(&ranges);
        let expect = match best {
            Some("application/json") => is_json(),
            _ => any_xml(),
        };
        let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        Case::new("random ranges").tested(
            "reading",
            accepting(&request, &ranges.join(", ")),
            accepted().and(expect),
        )
    }))
}

/// The same request, asking for no format.
fn asking_for_none(request: &Request) -> [(&'static str, Request); 2] {
    [
        ("without Accept", request.clone().without_header("Accept")),
        ("for anything", accepting(request, "*/*")),
    ]
}

/// Reading is answered in XML unless something else is asked for.
fn default_xml(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for resource in ["Actions", "ActionUpdates"] {
        let request = get(world, resource)?;
        check = check.cases(asking_for_none(&request).map(|(name, plain)| {
            Case::new(name)
                .given("JSON", request.clone(), is_json())
                .tested("nothing", plain, any_xml())
        }));
    }
    Ok(check)
}

/// Submitting is answered in JSON unless something else is asked for.
fn default_json(world: &World) -> Result<Check, Blocked> {
    let request = submit(world, &sound(world)?)?;
    Ok(
        Check::new().cases(asking_for_none(&request).map(|(name, plain)| {
            Case::new(name)
                .given("XML", in_xml(request.clone()), any_xml())
                .tested("nothing", plain, is_json())
        })),
    )
}

/// An account may have a default of its own, which counts only where nothing is asked for.
fn default_of_the_account(world: &World) -> Result<Check, Blocked> {
    let [(_, reading), (_, submitting)] = both(world)?;
    let setting = |format| account(world, value!({"default_format": format}));
    Ok(Check::new()
        .case(
            Case::new("JSON")
                .state(setting("json")?)
                .given("XML is asked for", in_xml(reading.clone()), any_xml())
                .tested("reading", reading.without_header("Accept"), is_json()),
        )
        .case(
            Case::new("XML")
                .state(setting("xml")?)
                .given("JSON is asked for", submitting.clone(), is_json())
                .tested("submitting", submitting.without_header("Accept"), any_xml()),
        ))
}

/// Each format goes by one name.
fn content_types(world: &World) -> Result<Check, Blocked> {
    let mut all = both(world)?.to_vec();
    all.push(("what does not exist", get(world, "Actions/1.2.3")?));
    let name = |expression| header("Content-Type").matches(expression);
    let mut check = Check::new();
    for (what, request) in all {
        let case = seen(
            Case::new(what),
            request.clone(),
            is_json(),
            name("^application/json$"),
        );
        let xml = "^text/xml; ?charset=(UTF|utf)-8$";
        check = check.case(seen(case, in_xml(request), any_xml(), name(xml)));
    }
    Ok(check)
}

/// All XML has one root.
fn xml_root(world: &World) -> Result<Check, Blocked> {
    let mut all = both(world)?.to_vec();
    all.push(("what does not exist", get(world, "Actions/1.2.3")?));
    let broken = submit(world, &sound(world)?.without("OrderId"))?;
    all.push(("a refused conversion", broken));
    Ok(Check::new().cases(
        all.into_iter()
            .map(|(name, request)| seen(Case::new(name), in_xml(request), any_xml(), is_xml())),
    ))
}

/// Reads the record of what was submitted, in XML.
fn record_in_xml(
    world: &World,
) -> Result<impl Fn(&Transcript) -> Result<Request, String> + Clone + 'static, Blocked> {
    let record = record_of(world, "submitted")?;
    Ok(move |transcript: &Transcript| record(transcript).map(in_xml))
}

/// The element of a resource stands alone below the root, and has an element for what is empty.
fn xml_single(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let order_id = form.value("OrderId").unwrap_or_default();
    let single = below_root("APISubmission/OrderId")
        .is(order_id)
        .and(below_root("APISubmission/EventCode").is(""))
        .and(below_root("APISubmission/ErrorReason").is(""))
        .and(Expect::new(|answer| {
            let text = answer.text();
            let children = roxmltree::Document::parse(&text).map_or(0, |document| {
                let elements = document.root_element().children();
                elements.filter(roxmltree::Node::is_element).count()
            });
            crate::expect::demand(
                children == 1,
                "body",
                "one element below the root",
                children.to_string(),
            )
        }));
    let record = record_in_xml(world)?;
    Ok(Check::of(
        Case::new("a record")
            .given("submitted", submit(world, &form)?, accepted())
            .given("record", record.clone(), accepted().and(is_xml()))
            .tested("its elements", record, single),
    ))
}

/// Lists say where they stand by attributes.
fn xml_list(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for collection in ["Actions", "ActionUpdates"] {
        let attributes = [
            "page",
            "numpages",
            "pagesize",
            "total",
            "start",
            "end",
            "uri",
            "firstpageuri",
            "previouspageuri",
            "nextpageuri",
            "lastpageuri",
        ]
        .map(|name| below_root(&format!("{collection}/@{name}")).exists());
        let all = attributes.into_iter().fold(
            below_root(&format!("{collection}/@page")).is("1"),
            Expect::and,
        );
        let request = in_xml(get(world, collection)?);
        let met = accepted().and(is_xml());
        check = check.case(seen(Case::new(collection), request, met, all));
    }
    Ok(check)
}

/// Each error, and each warning, has an element.
fn xml_findings(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let without = form.clone().without("OrderId").without("EventDate");
    let warned = form.clone().and("CardBin", "1").and("CardLastFour", "1");
    let found = |path: &str, first: &str, second: &str| {
        below_root(&format!("{path}/field"))
            .is(first)
            .and(below_root(&format!("{path}/level")).exists())
            .and(below_root(&format!("{path}/message")).exists())
            .and(below_root(&format!("{path}[2]/field")).is(second))
    };
    let case = |name: &'static str, form, list, in_xml_too, fields: [&str; 2]| {
        let request: Request = submit(world, form)?;
        let both = names(list, fields[0]).and(names(list, fields[1]));
        let case = Case::new(name).given("in JSON", request.clone(), both);
        Ok(seen(case, in_xml(request), is_xml(), in_xml_too))
    };
    Ok(Check::new()
        .case(case(
            "errors",
            &without,
            "/errors",
            found("errors/error", "EventDate", "OrderId"),
            ["EventDate", "OrderId"],
        )?)
        .case(case(
            "warnings",
            &warned,
            "/warnings",
            found("warnings/warning", "CardBin", "CardLastFour"),
            ["CardBin", "CardLastFour"],
        )?))
}

/// Whether all that is no list and no object is text.
fn all_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(list) => list.iter().all(all_text),
        Value::Object(members) => members.values().all(all_text),
        _ => false,
    }
}

/// Numbers are texts, and what is empty is an empty one.
fn values_are_text(world: &World) -> Result<Check, Blocked> {
    let text = || json("").holds("texts only", all_text);
    let record = record_of(world, "submitted")?;
    let again = record_of(world, "submitted")?;
    let [(_, reading), (_, submitting)] = both(world)?;
    Ok(Check::new()
        .case(
            Case::new("a record")
                .given("submitted", submitting, accepted())
                .given("record", record, json("/EventCode").exists())
                .tested("its values", again, text().and(json("/EventCode").is(""))),
        )
        .case(seen(
            Case::new("a list"),
            reading,
            accepted().and(is_json()),
            text(),
        ))
        .case(seen(
            Case::new("an error"),
            get(world, "Actions/1.2.3")?,
            status(404).and(is_json()),
            text(),
        )))
}

/// A conversion, and the list of actions once it has become one of them.
fn action_in_xml(world: &World, name: &'static str, amount: &str) -> Result<Case, Blocked> {
    let form = sound(world)?.set("Amount", amount);
    let order_id = form.value("OrderId").unwrap_or_default().to_owned();
    let there = json("/Actions").holds(&format!("an action of {order_id}"), move |actions| {
        let actions = actions.as_array().into_iter().flatten();
        actions.into_iter().any(|action| action["Oid"] == *order_id)
    });
    Ok(Case::new(name)
        .given("submitted", submit(world, &form)?, accepted())
        .given_eventually("in JSON", get(world, "Actions")?, there))
}

/// The list in JSON and in XML has these elements written like this.
fn written(case: Case, world: &World, members: &[&str], like: &str) -> Result<Case, Blocked> {
    let expect = members.iter().fold(Expect::anything(), |expect, member| {
        expect.and(below_root(&format!("Actions/Action/{member}")).matches(like))
    });
    let in_json = members.iter().fold(Expect::anything(), |expect, member| {
        expect.and(json(&format!("/Actions/0/{member}")).matches(like))
    });
    let request = get(world, "Actions")?;
    Ok(case
        .tested("once more in JSON", request.clone(), in_json)
        .given(
            "in XML",
            in_xml(request.clone()),
            below_root("Actions/Action").exists(),
        )
        .tested("once more in XML", in_xml(request), expect))
}

/// Money has cents.
fn two_decimals(world: &World) -> Result<Check, Blocked> {
    let members = ["Amount", "Payout", "IntendedAmount", "IntendedPayout"];
    let mut check = Check::new();
    for amount in ["10", "0", "12.5", "7.25", "1234.567"] {
        let case = action_in_xml(world, "an amount", amount)?;
        check = check.case(written(case, world, &members, r"^[0-9]+\.[0-9]{2}$")?);
    }
    Ok(check)
}

/// Times have seconds, and one offset.
fn dates(world: &World) -> Result<Check, Blocked> {
    let like = |offset: &str| {
        format!("^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{offset}$")
    };
    let any = r"[+-][0-9]{2}:[0-9]{2}";
    let case = |name: &'static str, offset: &str| -> Result<Case, Blocked> {
        let record = record_in_xml(world)?;
        let there = below_root("APISubmission").exists();
        let written = below_root("APISubmission/SubmissionDate").matches(&like(offset));
        Ok(Case::new(name)
            .given("submitted", submit(world, &sound(world)?)?, accepted())
            .given("record", record.clone(), there)
            .tested("its date", record, written))
    };
    let action = |name, offset: &str| -> Result<Case, Blocked> {
        let members = ["EventDate", "CreationDate"];
        written(
            action_in_xml(world, name, "10.00")?,
            world,
            &members,
            &like(offset),
        )
    };
    let check = Check::new()
        .case(case("a record", any)?)
        .case(action("an action", any)?);
    if !world.own_sandbox {
        return Ok(check);
    }
    let mut own = Case::new("in the offset of the account");
    own = own.state(account(world, value!({"utc_offset": "+05:45"}))?);
    let mut check = check;
    for mut case in [
        case("a record", r"\+05:45")?,
        action("an action", r"\+05:45")?,
    ] {
        case.steps.splice(0..0, own.steps.iter().cloned());
        check = check.case(case);
    }
    Ok(check)
}
