//! A line that moves while the judge runs: on a terminal's stderr, else nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text;
use crate::result::{RuleResult, Verdict};

/// How far the run is.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins, with the number of rules to judge. Silent where stderr is no terminal.
    pub fn new(total: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} rules, {elapsed}  {msg}")
            .expect("the template is well-formed");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
            .with_style(style);
        if !bar.is_hidden() {
            // The clock moves on while a slow target lets the rules wait.
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar }
    }

    /// Counts a rule; a failure is said at once.
    pub fn rule_done(&self, rule: &RuleResult) {
        let id = text::glance(&rule.id);
        if rule.verdict == Verdict::Fail && rule.known.is_none() {
            self.bar.println(format!("fail  {id}"));
        }
        self.bar.set_message(id);
        self.bar.inc(1);
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::rule;

    #[test]
    fn every_rule_counts() {
        let progress = Progress::new(2);
        progress.rule_done(&rule("impact.a.b", "must", Verdict::Pass));
        progress.rule_done(&rule("impact.a.c", "must", Verdict::Fail));
        assert_eq!(progress.bar.position(), 2);
        progress.finish();
        assert!(progress.bar.is_finished());
    }
}
