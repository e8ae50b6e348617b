//! Decoding a PNG or JPEG file into bytes, one or three for each pixel.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::header::{Header, Kind};

/// What a PNG decoder may allocate beside the pixels.
const PNG_EXTRA_BYTES: usize = 1 << 22;

/// A progressive file may send its pixels in so many passes; each one costs a pass over all of them.
const MAX_JPEG_SCANS: usize = 64;

/// Pixels row by row, from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1 for gray, 3 for red, green and blue; the bytes of a pixel stand side by side.
    pub(super) channels: usize,
    pub(super) pixels: Vec<u8>,
}

/// Decodes a file whose header has been read, into gray or color as wanted.
///
/// Transparency is left out, and colors become gray by the weights of Rec. 601, both as Pillow does it.
pub(super) fn decode(bytes: &[u8], header: Header, channels: usize) -> Result<Picture, String> {
    let picture = match header.kind {
        Kind::Png => png(bytes, header)?,
        Kind::Jpeg => jpeg(bytes, header)?,
    };
    Ok(match (picture.channels, channels) {
        (1, 3) => colored(&picture),
        (3, 1) => grayed(&picture),
        _ => picture,
    })
}

fn png(bytes: &[u8], header: Header) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| format!("the PNG is damaged: {error}");
    let pixels = header.width * header.height;
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 8 * pixels + PNG_EXTRA_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let needed = reader.output_buffer_size().ok_or("the PNG is larger than the memory")?;
    let mut values = vec![0; needed];
    let info = reader.next_frame(&mut values).map_err(broken)?;
    if (info.width as usize, info.height as usize) != (header.width, header.height) {
        return Err("the PNG contradicts its own header".to_owned());
    }
    values.truncate(info.buffer_size());
    let (stored, channels) = match info.color_type {
        ColorType::Grayscale => (1, 1),
        ColorType::GrayscaleAlpha => (2, 1),
        ColorType::Rgb => (3, 3),
        ColorType::Rgba => (4, 3),
        ColorType::Indexed => return Err("the PNG has a palette that cannot be read".to_owned()),
    };
    if stored != channels {
        keep_first(&mut values, stored, channels);
    }
    picture(header, channels, values)
}

/// Drops what follows the first bytes of each pixel.
fn keep_first(values: &mut Vec<u8>, stored: usize, kept: usize) {
    let pixels = values.len() / stored;
    for pixel in 0..pixels {
        values.copy_within(pixel * stored..pixel * stored + kept, pixel * kept);
    }
    values.truncate(pixels * kept);
}

fn jpeg(bytes: &[u8], header: Header) -> Result<Picture, String> {
    let channels = if header.gray { 1 } else { 3 };
    let space = if header.gray { ColorSpace::Luma } else { ColorSpace::RGB };
    let options = DecoderOptions::default()
        .set_max_width(header.width)
        .set_max_height(header.height)
        .jpeg_set_max_scans(MAX_JPEG_SCANS)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let values = decoder.decode().map_err(|error| format!("the JPEG is damaged: {error:?}"))?;
    picture(header, channels, values)
}

fn picture(header: Header, channels: usize, pixels: Vec<u8>) -> Result<Picture, String> {
    let Header { width, height, .. } = header;
    if pixels.len() != width * height * channels {
        return Err(format!("{} decoded bytes for {width}x{height} pixels of {channels}", pixels.len()));
    }
    Ok(Picture { width, height, channels, pixels })
}

fn colored(picture: &Picture) -> Picture {
    let pixels = picture.pixels.iter().flat_map(|&gray| [gray; 3]).collect();
    Picture { channels: 3, pixels, width: picture.width, height: picture.height }
}

/// Pillow's `convert("L")`: (19595 R + 38470 G + 7471 B + 32768) / 65536.
fn grayed(picture: &Picture) -> Picture {
    #[expect(clippy::cast_possible_truncation, reason = "the weights sum up to 65,536, so the quotient is a byte")]
    let gray = |pixel: &[u8]| {
        let weighted = [19_595_u32, 38_470, 7_471].iter().zip(pixel).map(|(weight, &value)| weight * u32::from(value));
        ((weighted.sum::<u32>() + 0x8000) >> 16) as u8
    };
    let pixels = picture.pixels.chunks_exact(3).map(gray).collect();
    Picture { channels: 1, pixels, width: picture.width, height: picture.height }
}
