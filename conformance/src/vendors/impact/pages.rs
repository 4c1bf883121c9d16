//! Page "Pagination": what a page of a list says of itself.

use jiff::SignedDuration;
use serde_json::{Value, json as value};

use super::orders::{Partner, listed, said, stored_action, storing};
use super::{accepted, settings};
use crate::check::{Case, Check, Entry};
use crate::exchange::Answer;
use crate::expect::{Breach, Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.pages.members", members),
    ("impact.pages.size", size),
    ("impact.pages.at_most_ten", at_most_ten),
    ("impact.pages.ends_are_empty", ends_are_empty),
    ("impact.pages.uris", uris),
    ("impact.pages.empty_list", empty_list),
    ("impact.pages.page_number", page_number),
    ("impact.pages.size_number", size_number),
];

/// The lists of an account, and the member that holds the rows.
const LISTS: [&str; 2] = ["Actions", "ActionUpdates"];

/// What a page says of itself.
const MEMBERS: [&str; 11] = [
    "@page",
    "@numpages",
    "@pagesize",
    "@total",
    "@start",
    "@end",
    "@uri",
    "@firstpageuri",
    "@previouspageuri",
    "@nextpageuri",
    "@lastpageuri",
];

/// The rows of a list, which stand in a member of its name.
fn rows(answer: &Answer, list: &str) -> Option<usize> {
    Some(answer.at(&format!("/{list}"))?.as_array()?.len())
}

/// A member says this, as a text or as a number.
fn says(member: &str, wanted: &str) -> Expect {
    let (place, wanted) = (format!("/{member}"), wanted.to_string());
    Expect::new(move |answer| is_said(answer, &place, &wanted))
}

fn is_said(answer: &Answer, place: &str, wanted: &str) -> Result<(), Breach> {
    let got = said(answer, place);
    demand(got == wanted, &format!("body {place}"), wanted, got)
}

/// A page has all members; pages count from 1, rows from 0, and the last row is counted in.
fn members(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |list: &'static str| {
        let has_all = json("").holds(&format!("the members {}", MEMBERS.join(", ")), |page| {
            MEMBERS.iter().all(|name| page.get(name).is_some())
        });
        let counts = Expect::new(move |answer| {
            let rows = rows(answer, list).unwrap_or_default();
            is_said(answer, "/@page", "1")?;
            is_said(answer, "/@start", "0")?;
            is_said(answer, "/@end", &rows.saturating_sub(1).to_string())?;
            let number = |place| said(answer, place).parse().unwrap_or(0_usize);
            let (total, pages) = (number("/@total"), number("/@numpages"));
            demand(
                total >= rows,
                "body /@total",
                "no less than rows",
                total.to_string(),
            )?;
            demand(
                pages >= 1,
                "body /@numpages",
                "at least one",
                pages.to_string(),
            )
        });
        let filled = Expect::new(move |answer| {
            let filled = rows(answer, list).is_some_and(|rows| rows > 1);
            demand(filled, list, "rows", "none")
        });
        let case = partner.credited(Case::new(list), &partner.order());
        let case = partner.credited(case, &partner.order());
        case.given("found", partner.get(list), filled).tested(
            "list",
            partner.get(list),
            has_all.and(counts),
        )
    };
    Ok(Check::new().cases(LISTS.map(case)))
}

/// A page has 20,000 rows unless it is asked for fewer, and never fewer than 2,000.
fn size(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let sizes = [
        ("", 20_000),
        ("?PageSize=2001", 2_001),
        ("?PageSize=2000", 2_000),
        ("?PageSize=1999", 2_000),
        ("?PageSize=1", 2_000),
        ("?PageSize=0", 2_000),
        ("?PageSize=5000", 5_000),
        ("?PageSize=19999", 19_999),
        ("?PageSize=20000", 20_000),
        ("?PageSize=20001", 20_000),
        ("?PageSize=1000000", 20_000),
    ];
    let cases = LISTS.iter().flat_map(|list| {
        let partner = &partner;
        sizes.iter().map(move |(query, size)| {
            let target = format!("{list}{query}");
            let request = partner.get(&target);
            Case::new(target).tested("list", request, says("@pagesize", &size.to_string()))
        })
    });
    Ok(Check::new().cases(cases))
}

/// As many actions as numbers, that are an hour old, and a patch of the state that adds them.
fn actions(world: &World, numbers: std::ops::Range<u64>) -> Result<Value, Blocked> {
    let stored = numbers.map(|number| {
        let order = world.unique();
        stored_action(
            world,
            (&order, number),
            SignedDuration::from_hours(1),
            &value!([]),
        )
    });
    Ok(storing(stored.collect::<Result<Vec<_>, _>>()?))
}

/// Small pages, so that a few rows are many of them.
fn small_pages(world: &World) -> Result<Value, Blocked> {
    settings(world, &value!({"pages": {"size": 50, "smallest": 1}}))
}

/// A list of eleven pages is refused, and the same with larger pages is not; nor is one of ten.
fn at_most_ten(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |list: &'static str| {
        let page = |size| partner.get(&format!("{list}?PageSize={size}"));
        let filled = |wanted: usize| {
            Expect::new(move |answer| {
                let rows = rows(answer, list);
                demand(
                    rows == Some(wanted),
                    list,
                    wanted.to_string(),
                    format!("{rows:?}"),
                )
            })
        };
        Ok(Case::new(list)
            .state(value!({"impact": {"submissions": null}}))
            .state(small_pages(world)?)
            .state(actions(world, 1..21)?)
            .given("twenty rows", page(50), filled(20))
            .tested("ten pages", page(2), accepted())
            .state(actions(world, 21..22)?)
            .given("twenty-one rows", page(50), filled(21))
            .twin(page(3), accepted())
            .tested("eleven pages", page(2), status(400)))
    };
    let [first, second] = LISTS.map(case);
    Ok(Check::new().cases([first?, second?]))
}

/// Only the first page has no reference to one before it, only the last none to one after it, and all of it is text.
fn ends_are_empty(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |list: &'static str| {
        let found = Expect::new(move |answer| {
            let one = rows(answer, list) == Some(1);
            demand(one, list, "one row", "another number")
        });
        let texts = json("").holds("texts", |page| {
            let sent = MEMBERS.iter().filter_map(|name| page.get(name));
            sent.clone().count() > 0 && sent.clone().all(Value::is_string)
        });
        let ends = |previous: bool, next: bool| {
            Expect::new(move |answer| {
                for (place, filled) in [("/@previouspageuri", previous), ("/@nextpageuri", next)] {
                    let got = said(answer, place);
                    let wanted = if filled { "a reference" } else { "nothing" };
                    demand(
                        got.is_empty() != filled,
                        &format!("body {place}"),
                        wanted,
                        got,
                    )?;
                }
                Ok(())
            })
        };
        let page = |number| partner.get(&format!("{list}?PageSize=1&Page={number}"));
        let case = Case::new(list)
            .state(value!({"impact": {"submissions": null}}))
            .state(small_pages(world)?)
            .state(actions(world, 1..4)?)
            .given("the second", page(2), found)
            .tested("first", page(1), ends(false, true).and(texts.clone()))
            .tested("second", page(2), ends(true, true).and(texts.clone()))
            .tested("third", page(3), ends(true, false).and(texts));
        Ok(case)
    };
    let [first, second] = LISTS.map(case);
    Ok(Check::new().cases([first?, second?]))
}

/// References to pages repeat what was asked as it was sent, and end with PageSize and Page.
fn uris(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let campaign = world.text("campaign_id")?;
    let case = |asked: &str, kept: &str, size: u32| {
        let request = partner.get(&format!("Actions{asked}"));
        let own = request.target.clone();
        let path = own.split('?').next().unwrap_or_default();
        let page = format!("{path}?{kept}PageSize={size}&Page=");
        let last = json("/@lastpageuri").matches(&format!(r"^{}\d+$", regex::escape(&page)));
        let expect = says("@uri", &own)
            .and(says("@firstpageuri", &format!("{page}1")))
            .and(last);
        Case::new(own).tested("list", request, expect)
    };
    Ok(Check::new().cases([
        case("", "", 20_000),
        case("?PageSize=3000", "", 3_000),
        case(
            "?Page=1&State=PENDING&PageSize=3000",
            "State=PENDING&",
            3_000,
        ),
        case(
            &format!("?CampaignId={campaign}&State=PENDING"),
            &format!("CampaignId={campaign}&State=PENDING&"),
            20_000,
        ),
    ]))
}

/// A list without rows has no pages and starts and ends at 0, and a page behind the last starts and ends there, too.
fn empty_list(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |list: &'static str| {
        let order = partner.order();
        let without_rows = move |answer: &Answer| {
            let rows = rows(answer, list);
            demand(rows == Some(0), list, "no rows", format!("{rows:?}"))
        };
        let nowhere = move |answer: &Answer| {
            without_rows(answer)?;
            is_said(answer, "/@start", "0")?;
            is_said(answer, "/@end", "0")
        };
        let empty = Expect::new(nowhere).and(says("@numpages", "0"));
        // What is filtered is a rule of its own.
        let none = partner.get(&format!("{list}?CampaignId=999999999999"));
        partner
            .credited(Case::new(list), &order)
            .given("a full one", partner.get("Actions"), listed(&order))
            .given("without rows", none.clone(), Expect::new(without_rows))
            .tested("an empty one", none, empty)
            .tested(
                "a page behind the last",
                partner.get(&format!("{list}?Page=900000")),
                Expect::new(nowhere),
            )
    };
    Ok(Check::new().cases(LISTS.map(case)))
}

/// Lists whose query has a value that is refused, beside one that is accepted.
fn refused_values(
    world: &World,
    name: &str,
    sound: &str,
    broken: &[&str],
) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let cases = LISTS.iter().flat_map(|list| {
        let partner = &partner;
        let with = move |value: &str| partner.get(&format!("{list}?{name}={value}"));
        broken.iter().map(move |value| {
            Case::new(format!("{list} with {name}={value}"))
                .twin(with(sound), accepted())
                .tested("broken", with(value), status(400))
        })
    });
    Ok(Check::new().cases(cases))
}

/// A Page that is no number from 1 is refused.
fn page_number(world: &World) -> Result<Check, Blocked> {
    refused_values(
        world,
        "Page",
        "1",
        &["0", "-1", "1.5", "1e1", "first", "%201"],
    )
}

/// A PageSize that is no number is refused.
fn size_number(world: &World) -> Result<Check, Blocked> {
    refused_values(
        world,
        "PageSize",
        "3000",
        &["-1", "3000.5", "3e3", "all", "3,000"],
    )
}
