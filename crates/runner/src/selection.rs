//! Which runs of a results folder a verb is about: by status, by conditions, in an order, so many.

use clap::{Args, ValueEnum};
use steadfast_state::RunStatus;

use crate::query::{Filter, Sort, check_key};
use crate::run::Run;

#[derive(Debug, Args)]
pub(crate) struct SelectArgs {
    /// Only runs that stand like this; several with commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATUS")]
    status: Vec<StatusArg>,
    /// Only runs with this: KEY=VALUE, or with !=, <, <=, >, >=; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
    /// Sort by this key; -KEY for the largest first.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<Sort>,
    /// Take at most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusArg {
    Running,
    Completed,
    Failed,
    Interrupted,
}

impl StatusArg {
    fn is(self, status: RunStatus) -> bool {
        match self {
            Self::Running => status == RunStatus::Running,
            Self::Completed => status == RunStatus::Completed,
            Self::Failed => status == RunStatus::Failed,
            Self::Interrupted => status == RunStatus::Interrupted,
        }
    }
}

impl SelectArgs {
    /// The keys that somebody asked about.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let sort = self.sort.as_ref().map(|sort| &sort.key);
        self.filter.iter().map(|filter| &filter.key).chain(sort).map(String::as_str).collect()
    }

    /// Whether somebody chose an order.
    pub(crate) fn is_sorted(&self) -> bool {
        self.sort.is_some()
    }

    /// The runs that are wanted, in the order that is wanted; what to say if no run has one of the keys.
    pub(crate) fn choose(&self, runs: Vec<Run>) -> Result<Vec<Run>, String> {
        for key in self.keys() {
            check_key(&runs, key)?;
        }
        let is_wanted = |run: &Run| {
            (self.status.is_empty() || self.status.iter().any(|wanted| wanted.is(run.summary.status)))
                && self.filter.iter().all(|filter| filter.keeps(run))
        };
        let mut runs: Vec<Run> = runs.into_iter().filter(is_wanted).collect();
        if let Some(sort) = &self.sort {
            sort.apply(&mut runs);
        }
        runs.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(runs)
    }
}
