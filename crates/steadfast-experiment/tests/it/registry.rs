//! The registry: configs to experiments, and clear words where there is none.
