//! Brightness, contrast, saturation and hue of pixels from 0 to 1, by the formulas of
//! `torchvision.transforms.functional` for tensors of floats.

/// Weights of red, green and blue in gray.
const GRAY: [f32; 3] = [0.2989, 0.587, 0.114];

/// Multiplies all pixels.
pub(super) fn brightness(values: &mut [f32], factor: f32) {
    for value in values {
        *value = (*value * factor).clamp(0.0, 1.0);
    }
}

/// Moves all pixels from or to the mean of the gray; `plane` is the number of pixels.
pub(super) fn contrast(values: &mut [f32], plane: usize, factor: f32) {
    let gray = if values.len() == 3 * plane { grays(values, plane) } else { values.to_vec() };
    #[expect(clippy::cast_possible_truncation, reason = "rounded to the precision of the pixels")]
    let mean = (gray.iter().map(|&value| f64::from(value)).sum::<f64>() / gray.len() as f64) as f32;
    for value in values {
        *value = blend(*value, mean, factor);
    }
}

/// Moves all colors from or to their gray.
pub(super) fn saturation(values: &mut [f32], plane: usize, factor: f32) {
    let gray = grays(values, plane);
    for channel in values.chunks_exact_mut(plane) {
        for (value, &gray) in channel.iter_mut().zip(&gray) {
            *value = blend(*value, gray, factor);
        }
    }
}

/// Turns all colors by a share of the circle.
pub(super) fn hue(values: &mut [f32], plane: usize, turn: f32) {
    let (red, rest) = values.split_at_mut(plane);
    let (green, blue) = rest.split_at_mut(plane);
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        let (hue, saturation, value) = to_hsv(*red, *green, *blue);
        let turned = (hue + turn).rem_euclid(1.0);
        (*red, *green, *blue) = to_rgb(turned, saturation, value);
    }
}

fn blend(value: f32, other: f32, factor: f32) -> f32 {
    (factor * value + (1.0 - factor) * other).clamp(0.0, 1.0)
}

fn grays(values: &[f32], plane: usize) -> Vec<f32> {
    let gray = |pixel: usize| GRAY.iter().enumerate().map(|(at, weight)| weight * values[at * plane + pixel]).sum();
    (0..plane).map(gray).collect()
}

#[expect(clippy::float_cmp, reason = "one of the three is the largest, to the bit")]
fn to_hsv(red: f32, green: f32, blue: f32) -> (f32, f32, f32) {
    let largest = red.max(green).max(blue);
    let range = largest - red.min(green).min(blue);
    if range == 0.0 {
        return (0.0, 0.0, largest);
    }
    let [red_part, green_part, blue_part] = [red, green, blue].map(|part| (largest - part) / range);
    let sixth = if largest == red {
        blue_part - green_part
    } else if largest == green {
        2.0 + red_part - blue_part
    } else {
        4.0 + green_part - red_part
    };
    ((sixth / 6.0 + 1.0) % 1.0, range / largest, largest)
}

fn to_rgb(hue: f32, saturation: f32, value: f32) -> (f32, f32, f32) {
    let sixth = (hue * 6.0).floor();
    let along = hue * 6.0 - sixth;
    let part = |less: f32| (value * (1.0 - less)).clamp(0.0, 1.0);
    let (p, q, t) = (part(saturation), part(saturation * along), part(saturation * (1.0 - along)));
    #[expect(clippy::cast_possible_truncation, reason = "a whole number from 0 to 6")]
    match sixth as i32 {
        1 => (q, value, p),
        2 => (p, value, t),
        3 => (p, q, value),
        4 => (t, p, value),
        5 => (value, p, q),
        _ => (value, t, p),
    }
}
