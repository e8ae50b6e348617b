//! Pictures and what Pillow and torchvision make of them; `xtask/fixtures/images.py` made the file.

use serde_json::Value;

/// The whole file.
pub(in super::super) fn fixtures() -> Value {
    serde_json::from_str(include_str!("fixtures/images.json")).unwrap()
}

/// A list of bytes.
pub(in super::super) fn bytes(value: &Value) -> Vec<u8> {
    let values = value.as_array().unwrap().iter();
    values.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()).collect()
}

/// A list of numbers.
pub(in super::super) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A number of pixels.
pub(in super::super) fn side(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The file of this name.
pub(in super::super) fn file(name: &str) -> Vec<u8> {
    let fixtures = fixtures();
    let found = fixtures["decoded"].as_array().unwrap().iter().find(|entry| entry["name"] == name);
    bytes(&found.unwrap()["file"])
}

/// A PNG of this size in which each byte is a function of its place; `channels` is 1 or 3.
pub(in super::super) fn png(width: u32, height: u32, channels: u8, byte: impl Fn(usize) -> u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    let count = width as usize * height as usize * usize::from(channels);
    let pixels: Vec<u8> = (0..count).map(byte).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}
