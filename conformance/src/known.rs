//! The known-failures file: what an implementation is known to break, and why that is borne with for now.
//!
//! ```toml
//! [[known]]
//! rule    = "comm100.mark"                # an id, or the first parts of ids
//! target  = "staging"                     # optional: for the target of this name alone
//! reason  = "The rewrite of the mark call brings it."
//! expires = 2026-12-31                    # optional: the last day on which it excuses
//! ```

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::result::{RuleResult, Verdict};

/// What is known to fail.
#[derive(Clone, Debug, Default)]
pub struct Known {
    file: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    line: usize,
    rule: String,
    target: Option<String>,
    reason: String,
    expires: Option<Date>,
}

/// A known-failures file that does not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not readable.
    #[error("cannot read {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// It is no TOML, or has a member that no entry has; the source shows the line.
    #[error("{} is no known-failures file", .0.display())]
    Form(PathBuf, #[source] toml::de::Error),
    /// A member is there, but does not do.
    #[error("{} line {line}: `{member}` {problem}", file.display())]
    Member {
        /// The file.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    known: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rule: Spanned<String>,
    target: Option<String>,
    reason: Spanned<String>,
    expires: Option<Spanned<Datetime>>,
}

impl Known {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read or an entry makes no sense, with the line and the member.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(file).map_err(|cause| Error::File(file.to_owned(), cause))?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let document: Document =
            toml::from_str(text).map_err(|cause| Error::Form(file.to_owned(), cause))?;
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let wrong = |at: usize, member, problem| Error::Member {
            file: file.to_owned(),
            line: line(at),
            member,
            problem,
        };
        let mut entries = Vec::new();
        for table in document.known {
            let at = table.rule.span().start;
            if table
                .rule
                .get_ref()
                .split('.')
                .any(|part| part.trim().is_empty())
            {
                return Err(wrong(at, "rule", "is no rule id and no first part of one"));
            }
            if table.reason.get_ref().trim().is_empty() {
                let at = table.reason.span().start;
                return Err(wrong(at, "reason", "says nothing"));
            }
            let expires = match table.expires {
                None => None,
                Some(given) => Some(day(*given.get_ref()).ok_or_else(|| {
                    wrong(
                        given.span().start,
                        "expires",
                        "is no day such as 2026-12-31",
                    )
                })?),
            };
            entries.push(Entry {
                line: line(at),
                rule: table.rule.into_inner(),
                target: table.target,
                reason: table.reason.into_inner(),
                expires,
            });
        }
        Ok(Self {
            file: file.to_owned(),
            entries,
        })
    }

    /// Marks the failures that an entry excuses, and returns a line for each entry that is stale, with what to do.
    ///
    /// Entries for other targets are left alone; one that expired excuses nothing.
    pub fn apply(&self, rules: &mut [RuleResult], target: &str, today: Date) -> Vec<String> {
        let mut stale = Vec::new();
        let meant = |entry: &&Entry| entry.target.as_deref().is_none_or(|name| name == target);
        for entry in self.entries.iter().filter(meant) {
            if let Some(what) = entry.apply(rules, today) {
                stale.push(format!(
                    "{} line {}: {} {what}",
                    self.file.display(),
                    entry.line,
                    entry.rule
                ));
            }
        }
        stale
    }
}

impl Entry {
    /// Why the entry is stale, if it is.
    fn apply(&self, rules: &mut [RuleResult], today: Date) -> Option<String> {
        if let Some(last) = self.expires.filter(|last| *last < today) {
            return Some(format!(
                "was borne with until {last}; mend it, or set a later day"
            ));
        }
        let mut matched: Vec<_> = rules
            .iter_mut()
            .filter(|rule| self.names(&rule.id))
            .collect();
        if matched.is_empty() {
            return Some(
                "is no rule that was looked at; correct the id, or remove the entry".into(),
            );
        }
        if matched.iter().all(|rule| rule.verdict == Verdict::Pass) {
            return Some("passes; remove the entry".into());
        }
        for rule in &mut matched {
            if rule.verdict == Verdict::Fail && rule.known.is_none() {
                rule.known = Some(self.reason.clone());
            }
        }
        None
    }

    /// Whether the entry's parts are the first parts of the id.
    fn names(&self, id: &str) -> bool {
        id.strip_prefix(&self.rule)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The day, if it is a day alone.
fn day(given: Datetime) -> Option<Date> {
    let (Some(date), None, None) = (given.date, given.time, given.offset) else {
        return None;
    };
    Date::new(
        date.year.try_into().ok()?,
        date.month.try_into().ok()?,
        date.day.try_into().ok()?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::result::Evidence;

    const TODAY: Date = date(2026, 6, 15);

    fn known(text: &str) -> Known {
        Known::parse(Path::new("known.toml"), text).unwrap()
    }

    fn mistake(text: &str) -> String {
        match Known::parse(Path::new("known.toml"), text).unwrap_err() {
            Error::Form(_, cause) => cause.to_string(),
            other => other.to_string(),
        }
    }

    fn rule(id: &str, verdict: Verdict) -> RuleResult {
        RuleResult {
            id: id.into(),
            vendor: "comm100".into(),
            says: "It holds.".into(),
            level: "must".into(),
            needs: "read".into(),
            sources: Vec::new(),
            verdict,
            gating: true,
            reason: None,
            unblock: None,
            known: None,
            evidence: Evidence::default(),
            failure: None,
            duration_ms: 0,
        }
    }

    /// What the file makes of these rules: the ids it excuses, and its stale lines.
    fn applied(text: &str, rules: &[(&str, Verdict)]) -> (Vec<String>, Vec<String>) {
        let mut rules: Vec<_> = rules
            .iter()
            .map(|(id, verdict)| rule(id, *verdict))
            .collect();
        let stale = known(text).apply(&mut rules, "staging", TODAY);
        let excused = rules
            .into_iter()
            .filter(|rule| rule.known.is_some())
            .map(|rule| rule.id)
            .collect();
        (excused, stale)
    }

    const MARK: &str = "[[known]]\nrule = 'comm100.mark'\nreason = 'It is old.'\n";

    #[test]
    fn an_entry_excuses_failures_alone() {
        let (excused, stale) = applied(
            MARK,
            &[
                ("comm100.mark.a", Verdict::Fail),
                ("comm100.mark.b", Verdict::Pass),
                ("comm100.mark.c", Verdict::Unproven),
                ("comm100.mark.d", Verdict::Error),
                ("comm100.mark", Verdict::Fail),
            ],
        );
        assert_eq!(excused, ["comm100.mark.a", "comm100.mark"]);
        assert_eq!(stale, [""; 0]);
    }

    #[test]
    fn a_prefix_is_whole_parts() {
        let (excused, stale) = applied(MARK, &[("comm100.marking.a", Verdict::Fail)]);
        assert_eq!(excused, [""; 0]);
        assert_eq!(
            stale,
            [
                "known.toml line 2: comm100.mark is no rule that was looked at; correct the id, or remove the entry"
            ]
        );
    }

    #[test]
    fn an_entry_is_stale_when_all_it_matches_passes() {
        let pass = ("comm100.mark.a", Verdict::Pass);
        let (_, stale) = applied(MARK, &[pass]);
        assert_eq!(
            stale,
            ["known.toml line 2: comm100.mark passes; remove the entry"]
        );
        for other in [Verdict::NotRun, Verdict::Blocked, Verdict::Fail] {
            let (_, stale) = applied(MARK, &[pass, ("comm100.mark.b", other)]);
            assert_eq!(stale, [""; 0]);
        }
    }

    #[test]
    fn an_entry_excuses_through_its_last_day() {
        let fails = [("comm100.mark.a", Verdict::Fail)];
        let (excused, stale) = applied(&format!("{MARK}expires = 2026-06-15"), &fails);
        assert_eq!((excused.len(), stale.len()), (1, 0));
        let (excused, stale) = applied(&format!("{MARK}expires = 2026-06-14"), &fails);
        assert_eq!(excused, [""; 0]);
        assert_eq!(
            stale,
            [
                "known.toml line 2: comm100.mark was borne with until 2026-06-14; mend it, or set a later day"
            ]
        );
    }

    #[test]
    fn an_entry_for_another_target_says_nothing() {
        let fails = [("comm100.mark.a", Verdict::Fail)];
        let (excused, stale) = applied(&format!("{MARK}target = 'live'"), &fails);
        assert_eq!((excused.len(), stale.len()), (0, 0));
        let (excused, _) = applied(&format!("{MARK}target = 'staging'"), &fails);
        assert_eq!(excused.len(), 1);
    }

    #[test]
    fn a_file_without_entries_excuses_nothing() {
        let (excused, stale) = applied("", &[("comm100.mark.a", Verdict::Fail)]);
        assert_eq!((excused.len(), stale.len()), (0, 0));
    }

    #[test]
    fn mistakes_name_line_and_member() {
        assert_eq!(
            mistake("[[known]]\nrule = 'comm100.mark'\nreason = ' '"),
            "known.toml line 3: `reason` says nothing"
        );
        assert_eq!(
            mistake("[[known]]\nrule = 'comm100..mark'\nreason = 'x'"),
            "known.toml line 2: `rule` is no rule id and no first part of one"
        );
        assert_eq!(
            mistake(&format!("{MARK}expires = 2026-12-31T10:00:00Z")),
            "known.toml line 4: `expires` is no day such as 2026-12-31"
        );
        let unknown = mistake(&format!("{MARK}until = 2026-12-31"));
        assert!(unknown.contains("line 4"), "{unknown}");
        assert!(unknown.contains("until"), "{unknown}");
        let missing = mistake("[[known]]\nrule = 'comm100.mark'");
        assert!(missing.contains("missing field `reason`"), "{missing}");
        assert!(missing.contains("line 1"), "{missing}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Known::read(Path::new("nowhere/known.toml")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read nowhere/known.toml");
    }
}
