//! Sums of shifted rows: `result[output][p] = sum over taps of weight[output][tap] * source[offset[tap] + p]`.

use super::layout::Layout;
use crate::compute::{LaneTask, Lanes, Real};

/// Outputs that are computed together, at most; the tile of sums fills the registers of the widest processors.
const WIDEST: usize = 8;

/// Weights in the order in which the sums take them.
#[derive(Debug, Clone)]
pub(super) struct PackedWeights<T> {
    values: Vec<T>,
    outputs: usize,
    taps: usize,
}

impl<T: Real> PackedWeights<T> {
    /// Takes the weight of each output and tap.
    pub(super) fn new(outputs: usize, taps: usize, weight: impl Fn(usize, usize) -> T) -> Self {
        let mut values = Vec::with_capacity(outputs * taps);
        let mut first = 0;
        while first < outputs {
            let together = together(outputs - first);
            for tap in 0..taps {
                values.extend((first..first + together).map(|output| weight(output, tap)));
            }
            first += together;
        }
        Self { values, outputs, taps }
    }
}

/// How many of the outputs that are left are computed together: a power of two.
const fn together(left: usize) -> usize {
    let mut count = WIDEST;
    while count > left {
        count /= 2;
    }
    count
}

/// One sum of shifted rows.
pub(super) struct Correlation<'a, T> {
    pub(super) source: &'a [T],
    /// Where the first element of each tap lies in the source.
    pub(super) offsets: &'a [usize],
    pub(super) weights: &'a PackedWeights<T>,
    /// Added to every element of an output.
    pub(super) bias: Option<&'a [T]>,
    pub(super) layout: &'a Layout,
    /// `[outputs, plane]`; of each plane, what the layout covers is written.
    pub(super) result: &'a mut [T],
    /// Elements from one output to the next.
    pub(super) plane: usize,
}

impl<T: Real> LaneTask<T> for Correlation<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self, lanes: L) {
        let wide = L::REGISTERS >= 32;
        let (mut first, outputs) = (0, self.weights.outputs);
        while first < outputs {
            let count = together(outputs - first);
            match count {
                8 if wide => self.outputs::<L, 8, 8, 3>(lanes, first),
                8 => self.outputs::<L, 8, 8, 1>(lanes, first),
                4 if wide => self.outputs::<L, 4, 4, 6>(lanes, first),
                4 => self.outputs::<L, 4, 4, 2>(lanes, first),
                2 => self.outputs::<L, 2, 2, 4>(lanes, first),
                _ => self.outputs::<L, 1, 1, 8>(lanes, first),
            }
            first += count;
        }
    }
}

impl<T: Real> Correlation<'_, T> {
    /// `OUTPUTS` outputs from `first` on, `VECTORS` vectors at a time. `PACKED` is how many were packed together.
    #[inline(always)]
    fn outputs<L: Lanes<T>, const PACKED: usize, const OUTPUTS: usize, const VECTORS: usize>(
        &mut self,
        lanes: L,
        first: usize,
    ) {
        let taps = self.weights.taps;
        let weights = &self.weights.values[first * taps..(first + PACKED) * taps];
        let weights = weights.as_chunks::<OUTPUTS>().0;
        let mut bias = [T::ZERO; OUTPUTS];
        if let Some(values) = self.bias {
            bias.copy_from_slice(&values[first..first + OUTPUTS]);
        }
        let result = &mut self.result[first * self.plane..];
        let (blocks, rest) = self.layout.places.as_chunks::<VECTORS>();
        for places in blocks {
            let sums = block(lanes, self.source, (self.offsets, weights), &bias, places);
            store(lanes, &sums, places, result, self.plane);
        }
        for place in rest {
            let places = &[*place];
            let sums = block(lanes, self.source, (self.offsets, weights), &bias, places);
            store(lanes, &sums, places, result, self.plane);
        }
    }
}

/// The sums of some outputs at some places.
#[inline(always)]
fn block<T: Real, L: Lanes<T>, const OUTPUTS: usize, const VECTORS: usize>(
    lanes: L,
    source: &[T],
    (offsets, weights): (&[usize], &[[T; OUTPUTS]]),
    bias: &[T; OUTPUTS],
    places: &[(usize, usize); VECTORS],
) -> [[L::Vector; VECTORS]; OUTPUTS] {
    let zero = lanes.splat(T::ZERO);
    let mut sums = [[zero; VECTORS]; OUTPUTS];
    for (sums, &bias) in sums.iter_mut().zip(bias) {
        *sums = [lanes.splat(bias); VECTORS];
    }
    for (&offset, weights) in offsets.iter().zip(weights) {
        let mut inputs = [zero; VECTORS];
        for (input, &(place, _)) in inputs.iter_mut().zip(places) {
            *input = lanes.load(&source[offset + place..][..L::WIDTH]);
        }
        for (sums, &weight) in sums.iter_mut().zip(weights) {
            let weight = lanes.splat(weight);
            for (sum, &input) in sums.iter_mut().zip(&inputs) {
                *sum = lanes.multiply_add(weight, input, *sum);
            }
        }
    }
    sums
}

#[inline(always)]
fn store<T: Real, L: Lanes<T>, const OUTPUTS: usize, const VECTORS: usize>(
    lanes: L,
    sums: &[[L::Vector; VECTORS]; OUTPUTS],
    places: &[(usize, usize); VECTORS],
    result: &mut [T],
    plane: usize,
) {
    for (output, sums) in sums.iter().enumerate() {
        for (&sum, &(_, place)) in sums.iter().zip(places) {
            lanes.store(sum, &mut result[output * plane + place..][..L::WIDTH]);
        }
    }
}
