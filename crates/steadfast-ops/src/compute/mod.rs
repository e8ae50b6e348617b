//! What all operations stand on: numbers, fixed work partition, products, sums, and the way into candle.

mod collector;
mod element;
mod elementwise;
mod exponential;
mod lanes;
mod operation;
mod partition;
mod product;
mod reduction;
mod tape;
mod view;

pub(crate) use collector::backward;
pub use element::Real;
pub(crate) use elementwise::{computed, computed_by_parts, mapped, mapped_pairs, zeros};
pub(crate) use lanes::{LaneTask, Lanes, lane_width};
pub(crate) use operation::{Gradients, Operation, apply_one, apply_three, apply_two, runs_here};
pub(crate) use partition::{CHUNK, chunk_for_rows, for_each_chunk, for_each_chunk_pair, map_in_order, vectorized};
pub(crate) use product::{Product, columns_of, multiply, multiply_in_parallel, product, rows_of, rows_of_mut};
pub(crate) use reduction::{add_into, column_sums, maximum, sum, sum_of, sum_of_pairs};
pub(crate) use tape::remember_alias;
pub(crate) use view::{Saved, View};
