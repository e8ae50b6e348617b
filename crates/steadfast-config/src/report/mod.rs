//! Problems made ready to be shown.

mod config_report;
mod excerpt;
mod marked;

pub use config_report::ConfigReport;
