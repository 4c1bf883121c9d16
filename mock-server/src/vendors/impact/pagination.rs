//! Page "Pagination": which part of a list is shown, and where the other parts are.

use fixtures::rule;

use crate::engine::{Refusal, ensure};
use crate::form::Form;

use super::errors;
use super::money::integer;
use super::requests::Call;

/// What a page says of itself, in the order of the reference. XML has these names without `@`, as attributes.
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

/// The page that a call asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    page: u64,
    size: u64,
}

impl Asked {
    /// `Page` from 1, and `PageSize`, which is moved into its bounds.
    ///
    /// Rules: impact.pages.members, impact.pages.size.
    pub(super) fn read(call: &Call<'_>, query: &Form<'_>) -> Result<Self, Refusal> {
        let paging = &call.state.settings().pages;
        let page = query.first("Page").map_or(Some(1), integer);
        ensure(page.is_some_and(|page| page > 0), || {
            let why = "Page is no number from 1";
            Refusal::new(
                rule("impact.pages.page_number"),
                why,
                errors::field(&call.reply, "Page", "Not a page number"),
            )
        })?;
        let size = query.first("PageSize").map_or(Some(paging.size), integer);
        ensure(size.is_some(), || {
            let why = "PageSize is no number";
            let answer = errors::field(&call.reply, "PageSize", "Not a numeric value");
            Refusal::new(rule("impact.pages.size_number"), why, answer)
        })?;
        let size = size
            .unwrap_or(paging.size)
            .clamp(paging.smallest.min(paging.size), paging.size);
        Ok(Self {
            page: page.unwrap_or(1).max(1),
            size,
        })
    }

    /// Where that page stands in a list of `total`.
    ///
    /// Rules: impact.pages.members, impact.pages.ends_are_empty, impact.pages.uris, impact.pages.empty_list.
    pub(super) fn of(self, call: &Call<'_>, total: usize) -> Result<Page, Refusal> {
        let Self { page, size } = self;
        let total = total as u64;
        let pages = total.div_ceil(size);
        let most = call.state.settings().pages.most;
        ensure(pages <= most, || {
            let why = format!("{total} are more than {most} pages of {size}");
            let message = format!("More than {most} pages; use another PageSize or date range");
            Refusal::new(
                rule("impact.pages.at_most_ten"),
                why,
                errors::field(&call.reply, "PageSize", &message),
            )
        })?;
        let start = (page - 1).saturating_mul(size).min(total);
        let end = start.saturating_add(size).min(total);
        let uri = |page: u64| page_uri(call, size, page);
        let previous = (page - 1).min(pages);
        let values = [
            page.to_string(),
            pages.to_string(),
            size.to_string(),
            total.to_string(),
            if start < end { start } else { 0 }.to_string(),
            if start < end { end - 1 } else { 0 }.to_string(),
            own_uri(call),
            uri(1),
            if previous > 0 {
                uri(previous)
            } else {
                String::new()
            },
            if page < pages {
                uri(page + 1)
            } else {
                String::new()
            },
            uri(pages.max(1)),
        ];
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Ok(Page {
            values,
            rows: index(start)..index(end),
        })
    }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    values: [String; MEMBERS.len()],
    /// Which rows of the whole list it shows.
    pub(super) rows: std::ops::Range<usize>,
}

impl Page {
    /// What it says of itself, by name.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        MEMBERS
            .into_iter()
            .zip(self.values.iter().map(String::as_str))
    }
}

/// The request, relative to the host.
fn own_uri(call: &Call<'_>) -> String {
    match call.parts.query {
        Some(query) if !query.is_empty() => format!("{}?{query}", call.path()),
        _ => call.path(),
    }
}

/// Another page of the same list: everything else that was asked, as it was sent, then the size and the page.
fn page_uri(call: &Call<'_>, size: u64, page: u64) -> String {
    let mut uri = call.path();
    uri.push('?');
    for pair in call.parts.query.unwrap_or_default().split('&') {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        if !matches!(name, "" | "Page" | "PageSize") {
            uri.push_str(pair);
            uri.push('&');
        }
    }
    uri + &format!("PageSize={size}&Page={page}")
}
