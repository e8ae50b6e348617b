//! Every check there is. A new one is a file with a `CHECK` in it and a line here.

use super::browser;
use super::check::Check;

pub(super) const CHECKS: &[Check] = &[browser::CHECK];
