//! What only the tests of the other crates need: run folders compared byte by byte, and seeded choices.
//!
//! ```
//! use steadfast_testkit::Dice;
//!
//! let mut dice = Dice::new(7);
//! assert!(dice.below(10) < 10);
//! assert_eq!(Dice::new(7).below(1000), Dice::new(7).below(1000));
//! ```

mod dice;
mod run_files;

pub use dice::Dice;
pub use run_files::{COMPARED, RunFiles};
