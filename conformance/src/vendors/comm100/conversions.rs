//! Page "Conversions": the list of conversion actions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::strategies::query;
use super::{accepted, account, each, list, listed, mentions, seen};
use crate::check::{Case, Check, Entry};
use crate::exchange::Transcript;
use crate::expect::{Breach, Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.conversions.listed", names_the_actions),
    ("comm100.conversions.status", status_ok),
    ("comm100.conversions.bare_array", bare_array),
    ("comm100.conversions.members", members),
    ("comm100.conversions.member_types", member_types),
    ("comm100.conversions.sample", sample),
    ("comm100.conversions.disabled_listed", disabled_listed),
    ("comm100.conversions.whole_list", whole_list),
    ("comm100.conversions.type_hidden", type_hidden),
    ("comm100.conversions.ascending_id", ascending_id),
    ("comm100.conversions.empty_list", empty_list),
    ("comm100.conversions.request_ignored", request_ignored),
];

/// The list, known to be as `given` says, is as `tested` says.
fn again(world: &World, given: Expect, tested: Expect) -> Result<Check, Blocked> {
    Ok(Check::of(seen("the list", list(world)?, given, tested)))
}

/// The list names the action that is known to exist.
fn named(world: &World) -> Result<Expect, Blocked> {
    Ok(mentions(&world.text("conversion_name")?))
}

fn has_members() -> Expect {
    each("id, isEnable and name", |action| {
        ["id", "isEnable", "name"]
            .iter()
            .all(|member| action.get(member).is_some())
    })
}

fn has_types() -> Expect {
    each(
        "an integer id, a boolean isEnable and a text name",
        |action| {
            (action["id"].is_i64() || action["id"].is_u64())
                && action["isEnable"].is_boolean()
                && action["name"].is_string()
        },
    )
}

/// The list as the rules of its form have it, with the known action in it.
fn sound_list(world: &World) -> Result<Expect, Blocked> {
    Ok(listed()
        .and(named(world)?)
        .and(has_members())
        .and(has_types()))
}

/// The actions of the list.
fn actions(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// The known action is in the list.
fn names_the_actions(world: &World) -> Result<Check, Blocked> {
    again(world, accepted(), named(world)?)
}

/// The list comes with 200.
fn status_ok(world: &World) -> Result<Check, Blocked> {
    again(world, named(world)?, status(200))
}

/// The list is an array.
fn bare_array(world: &World) -> Result<Check, Blocked> {
    again(
        world,
        named(world)?,
        json("").holds("an array", Value::is_array),
    )
}

/// Every action has its three members.
fn members(world: &World) -> Result<Check, Blocked> {
    again(world, listed().and(named(world)?), has_members())
}

/// The members of every action have their types.
fn member_types(world: &World) -> Result<Check, Blocked> {
    let given = listed().and(named(world)?).and(has_members());
    again(world, given, has_types())
}

/// What is left of the sandbox's actions are those of the documented account.
pub(super) fn documented_actions() -> Value {
    let added: Map<String, Value> = (3..=11).map(|id| (id.to_string(), Value::Null)).collect();
    account(&json!({"actions": added}))
}

/// The two actions of the page, and no other.
fn sample(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let documented = json!([
        {"id": 1, "isEnable": true, "name": "Product Purchase"},
        {"id": 2, "isEnable": true, "name": ""},
    ]);
    let wanted = format!("the actions {documented}, in any order");
    let sampled = json("").holds(&wanted, move |list| {
        let (found, documented) = (actions(list), actions(&documented));
        found.len() == documented.len()
            && documented.iter().all(|sample| {
                found.iter().any(|action| {
                    ["id", "isEnable", "name"]
                        .iter()
                        .all(|member| action[member] == sample[member])
                })
            })
    });
    let case = Case::new("the documented account")
        .given("list", list(world)?, sound_list(world)?)
        .state(documented_actions())
        .tested("documented list", list(world)?, sampled);
    Ok(Check::of(case))
}

/// The action of that id is listed, enabled or not.
fn shows(id: i64, is_enable: bool) -> Expect {
    json("").holds(
        &format!("action {id} with isEnable {is_enable}"),
        move |list| {
            actions(list)
                .iter()
                .any(|action| action["id"] == id && action["isEnable"] == is_enable)
        },
    )
}

/// An action stays in the list when it is disabled, with isEnable false.
fn disabled_listed(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let switched = |on: bool| account(&json!({"actions": {"4": {"isEnable": on}}}));
    let case = Case::new("an action that is switched off")
        .state(switched(true))
        .given(
            "enabled",
            list(world)?,
            sound_list(world)?.and(shows(4, true)),
        )
        .state(switched(false))
        .tested("disabled", list(world)?, shows(4, false));
    Ok(Check::of(case))
}

/// A long list comes whole, whatever the usual lengths of pages are.
fn whole_list(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let mut cases = Vec::new();
    for count in [26, 101, 1_001] {
        let ids = 100..100 + count;
        let added: Map<String, Value> = ids
            .clone()
            .map(|id| (id.to_string(), json!({"name": format!("action {id}")})))
            .collect();
        let wanted = format!("{count} actions with ids from 100");
        let whole = json("").holds(&wanted, move |list| {
            let listed: BTreeSet<i64> = actions(list)
                .iter()
                .filter_map(|action| action["id"].as_i64())
                .collect();
            ids.clone().all(|id| listed.contains(&id))
        });
        cases.push(
            Case::new(format!("{count} more actions"))
                .given("list", list(world)?, sound_list(world)?)
                .state(account(&json!({"actions": added})))
                .tested("long list", list(world)?, whole),
        );
    }
    Ok(Check::new().cases(cases))
}

/// No action has a member that would tell its type, a rule of it, or a value.
fn type_hidden(world: &World) -> Result<Check, Blocked> {
    let hidden = each("no type, match rule or value", |action| {
        action.as_object().is_some_and(|members| {
            members.keys().all(|member| {
                let member = member.to_ascii_lowercase();
                !["type", "match", "value", "rule"]
                    .iter()
                    .any(|telling| member.contains(telling))
            })
        })
    });
    again(world, sound_list(world)?, hidden)
}

/// The ids of the list ascend.
fn ascending_id(world: &World) -> Result<Check, Blocked> {
    let several = json("").holds("at least two actions", |list| actions(list).len() > 1);
    let ascending = json("").holds("ids that ascend", |list| {
        actions(list).is_sorted_by_key(|action| action["id"].as_i64())
    });
    again(world, sound_list(world)?.and(several), ascending)
}

/// Without actions the list is there, and empty.
fn empty_list(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let case = Case::new("an account without actions")
        .given("list", list(world)?, sound_list(world)?)
        .state(account(&json!({"actions": null})))
        .tested(
            "empty list",
            list(world)?,
            status(200).and(json("").is(json!([]))),
        );
    Ok(Check::of(case))
}

/// Whatever is sent with the call, the list is the same.
fn request_ignored(world: &World) -> Result<Check, Blocked> {
    let plain = list(world)?;
    let sound = sound_list(world)?;
    let case = move |name: String, request| {
        Case::new(name)
            .given("list", plain.clone(), sound.clone())
            .tested("with more", request, Expect::anything())
            .judge(|transcript| answered_alike(transcript, "list", "with more"))
    };
    let base = list(world)?;
    let mut check = Check::new().case(case(
        "with a body".to_owned(),
        base.clone().json(&json!({"isEnable": false})),
    ));
    for query in ["?page=2&pageSize=1", "?isEnable=false", "?id=2", "?"] {
        check = check.case(case(
            format!("with the query {query}"),
            base.clone().target_and(query),
        ));
    }
    Ok(check.random(2, query(), move |query| {
        let request = base.clone().target_and(&format!("?{query}"));
        case(format!("with the query ?{query}"), request)
    }))
}

/// Two steps were answered with the same status and JSON.
pub(super) fn answered_alike(
    transcript: &Transcript,
    one: &str,
    other: &str,
) -> Result<(), Breach> {
    let (one, other) = (transcript.answer(one), transcript.answer(other));
    demand(
        one.status == other.status,
        "status",
        one.status.to_string(),
        other.status.to_string(),
    )?;
    let same = one.json().is_some() && one.json() == other.json();
    demand(same, "body", one.text(), other.text())
}
