//! Page "Visitors": who is on the site, and the variables that a call sets.

use serde_json::{Value, json};

use super::mark::capitalised;
use super::strategies::{capitals, guid};
use super::{
    accepted, account, each, each_of, get, listed, mentions, put_variables, refused, seen, steady,
    turned_down, visitor, visitors,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::Request;
use crate::expect::{Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.visitors.listed", names_the_visitors),
    (
        "comm100.visitors.out_of_site_not_listed",
        out_of_site_not_listed,
    ),
    (
        "comm100.visitors.out_of_site_readable",
        out_of_site_readable,
    ),
    ("comm100.visitors.ascending_id", ascending_id),
    ("comm100.visitors.chatting", chatting),
    ("comm100.visitors.chatting_statuses", chatting_statuses),
    ("comm100.visitors.one", one),
    ("comm100.visitors.id_any_case", id_any_case),
    ("comm100.visitors.unknown_id", unknown_id),
    ("comm100.visitors.members", members),
    ("comm100.visitors.member_types", member_types),
    ("comm100.visitors.times", times),
    ("comm100.visitors.field_id", field_id),
    ("comm100.visitors.updated", updated),
    ("comm100.visitors.any_content_type", any_content_type),
    ("comm100.visitors.variables_in_place", variables_in_place),
    ("comm100.visitors.new_variable_last", new_variable_last),
    ("comm100.visitors.array_required", array_required),
    ("comm100.visitors.name_required", name_required),
    ("comm100.visitors.value_required", value_required),
];

/// The documented visitor.
const DOCUMENTED: &str = "7273e957-02cb-4c03-a84c-44283fcfd47d";
/// A GUID that is nobody's.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

const NUMBERS: [&str; 4] = ["chats", "page_views", "status", "visits"];
const ARRAYS: [&str; 2] = ["custom_fields", "custom_variable"];
const TIMES: [&str; 2] = ["first_visit_time", "visit_time"];
const TEXTS: [&str; 24] = [
    "browser",
    "city",
    "company",
    "country",
    "current_browsing",
    "department",
    "email",
    "first_visit_time",
    "flash_version",
    "id",
    "ip",
    "keywords",
    "landing_page",
    "language",
    "name",
    "operating_system",
    "phone",
    "product_service",
    "referrer_url",
    "screen_resolution",
    "search_engine",
    "state",
    "time_zone",
    "visit_time",
];

/// The visitor of that id.
fn read(world: &World, id: &str) -> Result<Request, Blocked> {
    get(world, &format!("/visitors/{id}"))
}

/// The visitors in a chat.
fn list_chatting(world: &World) -> Result<Request, Blocked> {
    get(world, "/visitors/chatting")
}

/// The list names the visitor who is known to be on the site.
fn named(world: &World) -> Result<Expect, Blocked> {
    Ok(mentions(&world.text("visitor_id")?))
}

fn has_members(visitor: &Value) -> bool {
    NUMBERS
        .iter()
        .chain(&ARRAYS)
        .chain(&TEXTS)
        .all(|member| visitor.get(member).is_some())
}

fn has_types(visitor: &Value) -> bool {
    NUMBERS.iter().all(|member| visitor[member].is_u64())
        && visitor["status"]
            .as_u64()
            .is_some_and(|status| status <= 11)
        && ARRAYS.iter().all(|member| visitor[member].is_array())
        && TEXTS.iter().all(|member| visitor[member].is_string())
        && visitor["id"].as_str().is_some_and(is_guid)
}

/// Whether a text is a GUID in lower case with its hyphens.
fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The list as the rules of its form have it, with the known visitor in it.
fn sound_list(world: &World) -> Result<Expect, Blocked> {
    Ok(listed()
        .and(named(world)?)
        .and(each("all members", has_members))
        .and(each("sound types", has_types)))
}

/// The elements of a list.
fn elements(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// The visitor of that id in a list.
fn in_list<'l>(list: &'l Value, id: &str) -> Option<&'l Value> {
    elements(list).iter().find(|visitor| is_of(visitor, id))
}

/// Whether a visitor has that id.
fn is_of(visitor: &Value, id: &str) -> bool {
    visitor["id"]
        .as_str()
        .is_some_and(|found| found.eq_ignore_ascii_case(id))
}

/// The visitor alone, with that id.
fn is_visitor(id: &str) -> Expect {
    let id = id.to_owned();
    json("").holds(&format!("the visitor {id}"), move |visitor| {
        is_of(visitor, &id)
    })
}

/// A visitor of a sandbox in that status.
fn in_status(id: &str, status: u8) -> Value {
    account(&json!({"visitors": {id: {"status": status}}}))
}

/// The known visitor is in the list, and the list is an array.
fn names_the_visitors(world: &World) -> Result<Check, Blocked> {
    let bare = json("").holds("an array", Value::is_array);
    Ok(Check::of(seen(
        "the list",
        visitors(world)?,
        accepted(),
        bare.and(named(world)?),
    )))
}

/// Whoever leaves the site leaves the list.
fn out_of_site_not_listed(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let lists = |is_listed: bool| {
        json("").holds(&format!("{DOCUMENTED} listed: {is_listed}"), move |list| {
            in_list(list, DOCUMENTED).is_some() == is_listed
        })
    };
    let (list, sound) = (visitors(world)?, sound_list(world)?);
    let case = |status: u8, is_listed: bool| {
        Case::new(format!("status {status}"))
            .state(in_status(DOCUMENTED, 10))
            .given("in site", list.clone(), sound.clone().and(lists(true)))
            .state(in_status(DOCUMENTED, status))
            .tested("then", list.clone(), lists(is_listed))
    };
    Ok(Check::of(case(11, false)).cases((0..10).map(|status| case(status, true))))
}

/// Whoever left the site can still be asked for.
fn out_of_site_readable(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let documented = read(world, DOCUMENTED)?;
    let case = Case::new("status 11")
        .given("nobody", read(world, NOBODY)?, turned_down())
        .state(in_status(DOCUMENTED, 10))
        .given("in site", documented.clone(), is_visitor(DOCUMENTED))
        .state(in_status(DOCUMENTED, 11))
        .tested("out of the site", documented, is_visitor(DOCUMENTED));
    Ok(Check::of(case))
}

/// The ids of the list ascend.
fn ascending_id(world: &World) -> Result<Check, Blocked> {
    let several = json("").holds("at least two visitors", |list| elements(list).len() > 1);
    let ascending = json("").holds("ids that ascend", |list| {
        elements(list).is_sorted_by_key(|visitor| visitor["id"].as_str())
    });
    let given = sound_list(world)?.and(several);
    Ok(Check::of(seen(
        "the list",
        visitors(world)?,
        given,
        ascending,
    )))
}

/// Who is chatting is in the one list as in the other.
fn chatting(world: &World) -> Result<Check, Blocked> {
    let known = world.text("chatting_visitor_id")?;
    let case = Case::new("both lists")
        .given(
            "everybody",
            visitors(world)?,
            sound_list(world)?.and(mentions(&known)),
        )
        .tested(
            "chatting",
            list_chatting(world)?,
            json("")
                .holds("an array", Value::is_array)
                .and(mentions(&known)),
        )
        .judge(|transcript| {
            let body = |label| transcript.answer(label).json().unwrap_or_default();
            let (everybody, chatting) = (body("everybody"), body("chatting"));
            let stranger = elements(&chatting).iter().find(|visitor| {
                let id = visitor["id"].as_str().unwrap_or_default();
                in_list(&everybody, id).is_none()
            });
            let stranger = stranger.map_or(Value::Null, |visitor| visitor["id"].clone());
            demand(
                stranger.is_null(),
                "body",
                "visitors of the list only",
                stranger.to_string(),
            )
        });
    Ok(Check::of(case))
}

/// Everybody in the shorter list has one of the two statuses.
fn chatting_statuses(world: &World) -> Result<Check, Blocked> {
    let known = world.text("chatting_visitor_id")?;
    let given = sound_list(world)?;
    let chatting = listed()
        .and(mentions(&known))
        .and(each("all members", has_members));
    let case = Case::new("the list")
        .given("everybody", visitors(world)?, given)
        .given("chatting", list_chatting(world)?, chatting)
        .tested(
            "chatting again",
            list_chatting(world)?,
            each("status 1 or 2", |visitor| {
                matches!(visitor["status"].as_u64(), Some(1 | 2))
            }),
        );
    Ok(Check::of(case))
}

/// A visitor alone is as in the list, but for what moves while they are on the site.
fn one(world: &World) -> Result<Check, Blocked> {
    let id = world.text("visitor_id")?;
    let case = Case::new("a visitor of the list")
        .given("list", visitors(world)?, sound_list(world)?)
        .tested("alone", visitor(world)?, is_visitor(&id))
        .judge(move |transcript| {
            let list = transcript.answer("list").json().unwrap_or_default();
            let listed = in_list(&list, &id).map(steady).unwrap_or_default();
            let alone = transcript.answer("alone").json().unwrap_or_default();
            let alone = steady(&alone);
            demand(
                listed == alone,
                "body",
                listed.to_string(),
                alone.to_string(),
            )
        });
    Ok(Check::of(case))
}

/// The id in the path may be in capitals, but not written otherwise.
fn id_any_case(world: &World) -> Result<Check, Blocked> {
    let id = world.text("visitor_id")?;
    let (base, known) = (read(world, "")?, visitor(world)?);
    let case = {
        let id = id.clone();
        move |written: &str, expect: Expect| {
            Case::new(format!("the id as {written}"))
                .given("nobody", base.clone().target_and(NOBODY), status(404))
                .twin(known.clone(), is_visitor(&id))
                .tested("otherwise", base.clone().target_and(written), expect)
        }
    };
    Ok(Check::of(case(&id.to_uppercase(), is_visitor(&id)))
        .case(case(&id.replace('-', ""), status(404)))
        .case(case(&format!("%7B{id}%7D"), status(404)))
        .case(case(&format!("{id}%20"), status(404)))
        .random(3, capitals(), move |capitals| {
            case(&capitalised(&id, capitals), is_visitor(&id))
        }))
}

/// Who is not there is refused with a message that names the id.
fn unknown_id(world: &World) -> Result<Check, Blocked> {
    let known = world.text("visitor_id")?;
    let (read, base) = (visitor(world)?, read(world, "")?);
    let case = move |sent: &str, id: &str| {
        let named = id.to_owned();
        let refused = refused(404_001).and(json("/message").holds(
            &format!("a message that names {id}"),
            move |message| {
                message
                    .as_str()
                    .is_some_and(|message| message.contains(&named))
            },
        ));
        Case::new(format!("the id {id:?}"))
            .twin(read.clone(), is_visitor(&known))
            .tested("unknown", base.clone().target_and(sent), refused)
    };
    Ok(Check::of(case(NOBODY, NOBODY))
        .case(case("nobody", "nobody"))
        .case(case("no%2Dbody%20here", "no-body here"))
        .random(2, guid(), move |guid| case(&guid, &guid)))
}

/// A visitor has all members, in the list and alone.
fn members(world: &World) -> Result<Check, Blocked> {
    let (list, known) = (
        listed().and(named(world)?),
        is_visitor(&world.text("visitor_id")?),
    );
    let whole = json("").holds("a visitor with all 30 members", has_members);
    Ok(Check::new()
        .case(seen(
            "in the list",
            visitors(world)?,
            list,
            each("all 30 members", has_members),
        ))
        .case(seen("alone", visitor(world)?, known, whole)))
}

/// The members have their types, in the list and alone.
fn member_types(world: &World) -> Result<Check, Blocked> {
    let list = listed()
        .and(named(world)?)
        .and(each("all 30 members", has_members));
    let whole = json("").holds("a visitor with all 30 members", has_members);
    let known = is_visitor(&world.text("visitor_id")?).and(whole);
    let sound = json("").holds("a visitor with sound types", has_types);
    Ok(Check::new()
        .case(seen(
            "in the list",
            visitors(world)?,
            list,
            each("sound types", has_types),
        ))
        .case(seen("alone", visitor(world)?, known, sound)))
}

/// Times have their form.
fn times(world: &World) -> Result<Check, Blocked> {
    let is_time = |text: &str| {
        let digits = text
            .strip_prefix("/Date(")
            .and_then(|rest| rest.strip_suffix(")/"));
        digits.is_some_and(|digits| {
            digits.len() == 13 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let timed = each("times of the form /Date(…)/", move |visitor| {
        TIMES
            .iter()
            .all(|member| visitor[member].as_str().is_some_and(is_time))
    });
    Ok(Check::of(seen(
        "the list",
        visitors(world)?,
        sound_list(world)?,
        timed,
    )))
}

/// The fields and variables of the documented visitor have their members.
fn field_id(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let has_texts = |element: &Value| element["name"].is_string() && element["value"].is_string();
    let fields = each_of("/custom_fields", "field_id, name and value", move |field| {
        field["field_id"].is_i64() && has_texts(field)
    });
    let variables = each_of("/custom_variable", "name and value", has_texts);
    let whole = is_visitor(DOCUMENTED).and(json("").holds("all 30 members", has_members));
    let documented = read(world, DOCUMENTED)?;
    Ok(Check::of(seen(
        "the documented visitor",
        documented,
        whole,
        fields.and(variables),
    )))
}

/// A variable of a visitor.
fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// Among the variables is this one.
fn has_variable(name: &str, value: &str) -> Expect {
    let wanted = variable(name, value);
    json("/custom_variable").holds(&format!("with {wanted} in it"), move |variables| {
        variables
            .as_array()
            .is_some_and(|variables| variables.contains(&wanted))
    })
}

/// None of the variables has that name.
fn lacks_variable(name: &str) -> Expect {
    let lacking = name.to_owned();
    json("/custom_variable").holds(&format!("without {name}"), move |variables| {
        variables
            .as_array()
            .is_some_and(|variables| !variables.iter().any(|variable| variable["name"] == lacking))
    })
}

/// Sets a variable of the known visitor, of a name and to a value that are new.
struct Setting {
    name: String,
    value: String,
    request: Request,
}

impl Setting {
    fn of(world: &World) -> Result<Self, Blocked> {
        let (name, value) = (world.unique(), world.unique());
        let request = put_variables(world, &json!([variable(&name, &value)]))?;
        Ok(Self {
            name,
            value,
            request,
        })
    }

    /// It is set.
    fn done(&self) -> Expect {
        has_variable(&self.name, &self.value)
    }
}

/// What a PUT sets is in its answer, the visitor, and there to stay.
fn updated(world: &World) -> Result<Check, Blocked> {
    let id = world.text("visitor_id")?;
    let setting = Setting::of(world)?;
    let case = Case::new("a new variable")
        .given(
            "before",
            visitor(world)?,
            is_visitor(&id).and(lacks_variable(&setting.name)),
        )
        .tested(
            "set",
            setting.request.clone(),
            is_visitor(&id).and(setting.done()),
        )
        .tested("after", visitor(world)?, setting.done());
    Ok(Check::of(case))
}

/// Whatever the content type says, the body is read as JSON.
fn any_content_type(world: &World) -> Result<Check, Blocked> {
    let types = [
        Some("application/x-www-form-urlencoded"),
        Some("text/plain; charset=utf-8"),
        Some("multipart/form-data; boundary=b"),
        Some("application/xml"),
        None,
    ];
    let mut check = Check::new();
    for content_type in types {
        let (twin, setting) = (Setting::of(world)?, Setting::of(world)?);
        let request = match content_type {
            Some(content_type) => setting.request.clone().header("Content-Type", content_type),
            None => setting.request.clone().without_header("Content-Type"),
        };
        check = check.case(
            Case::new(content_type.unwrap_or("without Content-Type"))
                .twin(twin.request.clone(), twin.done())
                .tested("otherwise", request, setting.done()),
        );
    }
    Ok(check)
}

/// Sets variables of the documented visitor.
fn put_documented(world: &World, body: &Value) -> Result<Request, Blocked> {
    Ok(read(world, DOCUMENTED)?.method("PUT").json(body))
}

/// The variables of a visitor, all of them, in order.
fn variables(wanted: &[(&str, &str)]) -> Expect {
    let wanted: Vec<Value> = wanted
        .iter()
        .map(|(name, value)| variable(name, value))
        .collect();
    json("/custom_variable").is(wanted)
}

/// A variable that is named changes where it stands, and no other does.
fn variables_in_place(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let documented = [("user_login", "facebook"), ("have_sales", "yes")];
    let at_first = account(&json!({"visitors": {DOCUMENTED: {
        "custom_variable": documented.map(|(name, value)| variable(name, value)),
    }}}));
    let rows = [
        (
            "the first",
            json!([variable("user_login", "googleplus")]),
            ["googleplus", "yes"],
        ),
        (
            "the last",
            json!([variable("have_sales", "no")]),
            ["facebook", "no"],
        ),
        (
            "both, in the other order",
            json!([
                variable("have_sales", "no"),
                variable("user_login", "googleplus")
            ]),
            ["googleplus", "no"],
        ),
        (
            "the first, twice",
            json!([
                variable("user_login", "myspace"),
                variable("user_login", "googleplus")
            ]),
            ["googleplus", "yes"],
        ),
        (
            "to an empty value",
            json!([variable("user_login", "")]),
            ["", "yes"],
        ),
        (
            "with another member",
            json!([{"name": "have_sales", "value": "no", "id": 5}]),
            ["facebook", "no"],
        ),
        ("none", json!([]), ["facebook", "yes"]),
    ];
    let mut check = Check::new();
    for (name, body, [login, sales]) in rows {
        let setting = Setting::of(world)?;
        check = check.case(
            Case::new(name)
                .given("another visitor", setting.request.clone(), setting.done())
                .state(at_first.clone())
                .given("before", read(world, DOCUMENTED)?, variables(&documented))
                .tested(
                    "set",
                    put_documented(world, &body)?,
                    variables(&[("user_login", login), ("have_sales", sales)]),
                ),
        );
    }
    Ok(check)
}

/// A variable of a new name is the last one.
fn new_variable_last(world: &World) -> Result<Check, Blocked> {
    let (one, two) = (Setting::of(world)?, Setting::of(world)?);
    let new = [world.unique(), world.unique()];
    let body: Vec<Value> = new.iter().map(|name| variable(name, "1")).collect();
    let wanted = body.clone();
    let ends_with_both = json("/custom_variable").holds(
        &format!("{} at the end", Value::from(wanted.clone())),
        move |variables| {
            variables
                .as_array()
                .is_some_and(|variables| variables.ends_with(&wanted))
        },
    );
    let case = Case::new("two new variables")
        .given("one", one.request.clone(), one.done())
        .given("two", two.request.clone(), two.done())
        .tested(
            "new",
            put_variables(world, &Value::from(body))?,
            ends_with_both,
        );
    Ok(Check::of(case))
}

/// A refusal for this member of an element.
fn lacks(member: &str) -> Expect {
    refused(400_000).and(json("/message").matches(&format!(r"\b{member}\b")))
}

/// Bodies in place of an array with one variable.
fn no_array(world: &World, bodies: &[&str]) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for body in bodies {
        let twin = Setting::of(world)?;
        let broken = twin.request.clone().body(*body);
        check = check.case(
            Case::new(format!("the body {body:?}"))
                .twin(twin.request.clone(), twin.done())
                .tested("no array", broken, lacks("name")),
        );
    }
    Ok(check)
}

/// What is no array of JSON is refused.
fn array_required(world: &World) -> Result<Check, Blocked> {
    no_array(
        world,
        &[
            "",
            "{}",
            r#"{"name":"colour","value":"red"}"#,
            r#"{"0":{"name":"colour","value":"red"}}"#,
            "null",
            "true",
            "5",
            r#""colour""#,
            "name=colour&value=red",
            r#"[{"name":"colour","value":"red"}"#,
            r#"[{"name":"colour","value":"red"},]"#,
            "[{'name':'colour','value':'red'}]",
        ],
    )
}

/// An element that is refused for a member, behind one that is not, which is then not set either.
fn spoiled(world: &World, member: &str, elements: &[Value]) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for element in elements {
        let (twin, good) = (Setting::of(world)?, world.unique());
        let alone = put_variables(world, &json!([element]))?;
        let behind = put_variables(world, &json!([variable(&good, "1"), element]))?;
        check = check.case(
            Case::new(format!("the element {element}"))
                .twin(twin.request.clone(), twin.done())
                .given("before", visitor(world)?, lacks_variable(&good))
                .tested("alone", alone, lacks(member))
                .tested("behind a good one", behind, lacks(member))
                .tested("after", visitor(world)?, lacks_variable(&good)),
        );
    }
    Ok(check)
}

/// An element needs a name, a text that is not empty.
fn name_required(world: &World) -> Result<Check, Blocked> {
    spoiled(
        world,
        "name",
        &[
            json!({"value": "1"}),
            json!({"name": "", "value": "1"}),
            json!({"name": null, "value": "1"}),
            json!({"name": 5, "value": "1"}),
            json!({"Name": "colour", "value": "1"}),
            json!("colour"),
            json!(null),
            json!([]),
        ],
    )
}

/// An element needs a value, a text.
fn value_required(world: &World) -> Result<Check, Blocked> {
    spoiled(
        world,
        "value",
        &[
            json!({"name": "colour"}),
            json!({"name": "colour", "value": null}),
            json!({"name": "colour", "value": 5}),
            json!({"name": "colour", "value": true}),
            json!({"name": "colour", "value": ["red"]}),
            json!({"name": "colour", "Value": "red"}),
        ],
    )
}
