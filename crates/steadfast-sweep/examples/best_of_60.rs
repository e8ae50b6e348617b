//! Best value after 60 trials of each sampler on standard functions: one JSON object a line, as
//! `xtask/peers/optuna_tpe.py` prints them.
//!
//! ```sh
//! cargo run --release -p steadfast-sweep --example best_of_60 -- tpe
//! cargo run --release -p steadfast-sweep --example best_of_60 -- tpe 0 20 60 results/iris-table/leaderboard.json
//! ```
//!
//! A leaderboard of a whole grid stands for a real sweep: searches look its results up instead of training again.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::collections::BTreeMap;
use std::f64::consts::{E, PI};

use serde_json::{Value, json};
use steadfast_sweep::{
    Curve, Distribution, End, Goal, Outcome, Parameter, Point, Sampler, Search, Stopping, Study, TpeSettings,
};

type Function = fn(&[f64]) -> f64;

type Row = (&'static str, Function, &'static [(f64, f64)]);

/// Name, function, ends of each dimension. Formulas: Surjanovic and Bingham, "Virtual Library of Simulation
/// Experiments", sfu.ca/~ssurjano/optimization.html.
const FUNCTIONS: &[Row] = &[
    ("branin", branin, &[(-5.0, 10.0), (0.0, 15.0)]),
    ("six-hump-camel", six_hump_camel, &[(-3.0, 3.0), (-2.0, 2.0)]),
    ("goldstein-price", goldstein_price, &[(-2.0, 2.0); 2]),
    ("hartmann-3", hartmann_3, &[(0.0, 1.0); 3]),
    ("hartmann-6", hartmann_6, &[(0.0, 1.0); 6]),
    ("rosenbrock-2", rosenbrock, &[(-2.048, 2.048); 2]),
    ("ackley-5", ackley, &[(-32.768, 32.768); 5]),
    ("rastrigin-4", rastrigin, &[(-5.12, 5.12); 4]),
    ("levy-4", levy, &[(-10.0, 10.0); 4]),
    ("styblinski-tang-4", styblinski_tang, &[(-5.0, 5.0); 4]),
];

fn main() {
    let mut words = std::env::args().skip(1);
    let sampler = match words.next().as_deref() {
        Some("random") => Sampler::Random,
        Some("sobol") => Sampler::Sobol,
        _ => Sampler::Tpe(TpeSettings::default()),
    };
    let mut number = |default: usize| words.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (first, seeds, trials) = (number(0), number(20), number(60));
    let say = |name: &str, space: &[Parameter], function: &dyn Fn(&[f64]) -> f64| {
        let values = (first..first + seeds).map(|seed| best(&sampler, function, space, seed as u64, trials));
        println!("{}", json!({"function": name, "values": values.collect::<Vec<_>>()}));
    };
    let tables: Vec<String> = words.collect();
    for path in &tables {
        let table = Table::read(path);
        say(&table.name, &table.space(), &|indices| table.value(indices));
    }
    for (name, function, ends) in FUNCTIONS.iter().filter(|_| tables.is_empty()) {
        let space = numbered(ends.iter().map(|&(min, max)| Distribution::Uniform { min, max }));
        say(name, &space, function);
    }
}

/// Keys `x0`, `x1` and so on.
fn numbered(distributions: impl Iterator<Item = Distribution>) -> Vec<Parameter> {
    let parameter = |(index, distribution)| Parameter { key: format!("x{index}"), distribution };
    distributions.enumerate().map(parameter).collect()
}

/// Every point of a small space with what training gave there.
struct Table {
    name: String,
    /// The values of each key, in the order of the grid.
    keys: Vec<Vec<Value>>,
    values: BTreeMap<Vec<usize>, f64>,
}

impl Table {
    fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let board: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut rows: Vec<&Value> = board["rows"].as_array().into_iter().flatten().collect();
        rows.sort_by_key(|row| row["trial"].as_u64());
        let mut table = Self {
            name: board["sweep"].as_str().unwrap_or(path).to_owned(),
            keys: Vec::new(),
            values: BTreeMap::new(),
        };
        for row in rows {
            let point: Vec<&Value> = row["point"].as_object().into_iter().flatten().map(|(_, value)| value).collect();
            table.keys.resize(point.len(), Vec::new());
            let index = |(key, value): (&mut Vec<Value>, &&Value)| {
                key.iter().position(|known| known == *value).unwrap_or_else(|| {
                    key.push((*value).clone());
                    key.len() - 1
                })
            };
            let indices = table.keys.iter_mut().zip(&point).map(index).collect();
            table.values.insert(indices, row["value"].as_f64().unwrap_or(f64::INFINITY));
        }
        table
    }

    fn space(&self) -> Vec<Parameter> {
        numbered(
            self.keys
                .iter()
                .map(|key| Distribution::Int { min: 0, max: i64::try_from(key.len()).unwrap_or(i64::MAX) - 1 }),
        )
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "indices of a table")]
    fn value(&self, indices: &[f64]) -> f64 {
        let indices: Vec<usize> = indices.iter().map(|index| *index as usize).collect();
        self.values.get(&indices).copied().unwrap_or(f64::INFINITY)
    }
}

fn best(sampler: &Sampler, function: &dyn Fn(&[f64]) -> f64, space: &[Parameter], seed: u64, trials: usize) -> f64 {
    let mut search = Search::new(Study {
        sampler: sampler.clone(),
        space: space.to_vec(),
        exclude: Vec::new(),
        n: trials,
        seed,
        goal: Goal::Minimize,
        stopping: Stopping::Never,
    });
    while let Some(task) = search.next_task() {
        let value = function(&coordinates(&search.points()[task.trial]));
        search.tell(task.trial, Outcome { curves: vec![Curve::new([(1, value)])], end: End::Complete });
    }
    search.ranking().first().and_then(|(_, standing)| standing.value).unwrap_or(f64::INFINITY)
}

fn coordinates(point: &Point) -> Vec<f64> {
    point.settings().iter().filter_map(|(_, value): &(String, Value)| value.as_f64()).collect()
}

fn branin(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    (b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0).powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() + 10.0
}

fn six_hump_camel(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    (4.0 - 2.1 * a * a + a.powi(4) / 3.0) * a * a + a * b + (-4.0 + 4.0 * b * b) * b * b
}

fn goldstein_price(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let left = (a + b + 1.0).powi(2) * (19.0 - 14.0 * a + 3.0 * a * a - 14.0 * b + 6.0 * a * b + 3.0 * b * b);
    let right = (2.0 * a - 3.0 * b).powi(2) * (18.0 - 32.0 * a + 12.0 * a * a + 48.0 * b - 36.0 * a * b + 27.0 * b * b);
    (1.0 + left) * (30.0 + right)
}

fn hartmann<const N: usize>(x: &[f64], scale: &[[f64; N]; 4], place: &[[f64; N]; 4]) -> f64 {
    let row = |index: usize| {
        let terms = (0..N).map(|at| scale[index][at] * (x[at] - place[index][at] * 1e-4).powi(2));
        (-terms.sum::<f64>()).exp()
    };
    -[1.0, 1.2, 3.0, 3.2].iter().enumerate().map(|(index, weight)| weight * row(index)).sum::<f64>()
}

fn hartmann_3(x: &[f64]) -> f64 {
    let scale = [[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]];
    let place = [[3689.0, 1170.0, 2673.0], [4699.0, 4387.0, 7470.0], [1091.0, 8732.0, 5547.0], [381.0, 5743.0, 8828.0]];
    hartmann(x, &scale, &place)
}

fn hartmann_6(x: &[f64]) -> f64 {
    let scale = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    let place = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    hartmann(x, &scale, &place)
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

fn ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let root = (x.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
    -20.0 * (-0.2 * root).exp() - (x.iter().map(|v| (2.0 * PI * v).cos()).sum::<f64>() / n).exp() + 20.0 + E
}

fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v - 10.0 * (2.0 * PI * v).cos() + 10.0).sum()
}

fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + (v - 1.0) / 4.0).collect();
    let (first, last) = (w[0], w[w.len() - 1]);
    let middle = w[..w.len() - 1].iter().map(|v| (v - 1.0).powi(2) * (1.0 + 10.0 * (PI * v + 1.0).sin().powi(2)));
    (PI * first).sin().powi(2) + middle.sum::<f64>() + (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2))
}

fn styblinski_tang(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0
}
