//! `PyTorch`'s first values for linear maps and convolutions.

use candle_nn::Init;

/// The uniform distribution within `1 / sqrt(fan_in)`.
///
/// `PyTorch` writes it as `kaiming_uniform_(a=sqrt(5))` for weights: `gain = sqrt(2 / (1 + 5))` and
/// `bound = sqrt(3) * gain / sqrt(fan_in)`, which is the same number.
pub(super) fn within_fan_in(fan_in: usize) -> Init {
    let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}
