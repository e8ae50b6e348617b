//! The machines and programs behind the runs, each once.

use serde_json::Value;

use crate::parameters::exact;
use crate::record::RunRecord;

/// Different environments, and which of them each run has.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Environments {
    pub(crate) distinct: Vec<Value>,
    pub(crate) of: Vec<Option<usize>>,
}

impl Environments {
    pub(crate) fn of(runs: &[RunRecord]) -> Self {
        let mut found = Self::default();
        for run in runs {
            let place = run.environment.is_object().then(|| found.place_of(&run.environment));
            found.of.push(place);
        }
        found
    }

    fn place_of(&mut self, environment: &Value) -> usize {
        let environment = exact(environment);
        self.distinct.iter().position(|known| *known == environment).unwrap_or_else(|| {
            self.distinct.push(environment);
            self.distinct.len() - 1
        })
    }
}
