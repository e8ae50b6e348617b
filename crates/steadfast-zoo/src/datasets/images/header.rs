//! What the first bytes of a PNG or JPEG file say about it, and whether the rest can be true.
//!
//! Nothing is decoded and nothing is allocated here, so a file that lies about its size is found before it costs
//! anything.

/// The longest side that is read.
const MAX_SIDE: usize = 16_384;

/// The most pixels that are read, 64 megapixels.
const MAX_PIXELS: usize = 1 << 26;

/// The most that one byte of a zlib stream can become: 258 bytes for two bits.
const MAX_ZLIB_RATIO: usize = 1032;

/// A block of 8x8 pixels takes at least a bit, even in a progressive file.
const MAX_JPEG_PIXELS_PER_BYTE: usize = 512;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_START: &[u8] = &[0xFF, 0xD8];
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// The kinds of files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Jpeg,
}

/// What a file announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Whether it has no colors.
    pub(super) gray: bool,
}

impl Header {
    /// Reads the header and checks that the file is whole as far as that can be seen without decoding it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let header = if bytes.starts_with(PNG_SIGNATURE) {
            png(bytes)?
        } else if bytes.starts_with(JPEG_START) {
            jpeg(bytes)?
        } else if bytes.is_empty() {
            return Err("the file is empty".to_owned());
        } else {
            return Err(format!("is neither PNG nor JPEG: it begins with {}", first_bytes(bytes)));
        };
        Ok(header)
    }
}

fn first_bytes(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().take(4).map(|byte| format!("0x{byte:02x}")).collect();
    digits.join(" ")
}

fn check_size(width: usize, height: usize) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("an image of {width}x{height} pixels has none"));
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("an image of {width}x{height} pixels has a side above {MAX_SIDE}"));
    }
    if width * height > MAX_PIXELS {
        return Err(format!("an image of {width}x{height} pixels has more than {MAX_PIXELS}"));
    }
    Ok(())
}

fn png(bytes: &[u8]) -> Result<Header, String> {
    let cut = || format!("the PNG is cut off after {} bytes", bytes.len());
    let mut chunks = PngChunks { bytes, at: PNG_SIGNATURE.len() };
    let (name, data) = chunks.next()?.ok_or_else(cut)?;
    let (b"IHDR", [w0, w1, w2, w3, h0, h1, h2, h3, depth, color, ..]) = (name, data) else {
        return Err("the PNG does not begin with a header".to_owned());
    };
    let side = |digits: [u8; 4]| usize::try_from(u32::from_be_bytes(digits)).unwrap_or(usize::MAX);
    let (width, height) = (side([*w0, *w1, *w2, *w3]), side([*h0, *h1, *h2, *h3]));
    check_size(width, height)?;
    let samples = match color {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let mut compressed = 0;
    loop {
        match chunks.next()? {
            Some((b"IDAT", data)) => compressed += data.len(),
            Some((b"IEND", _)) => break,
            Some(_) => {}
            None => return Err(cut()),
        }
    }
    let raw = height * (width * samples * usize::from(*depth)).div_ceil(8);
    if raw > compressed.saturating_mul(MAX_ZLIB_RATIO) {
        return Err(format!("{compressed} bytes of data cannot hold the {width}x{height} pixels that are announced"));
    }
    Ok(Header { kind: Kind::Png, width, height, gray: matches!(color, 0 | 4) })
}

/// The name of a piece of a PNG file, and its data.
type PngChunk<'a> = (&'a [u8; 4], &'a [u8]);

/// Goes through a PNG file piece by piece.
struct PngChunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> PngChunks<'a> {
    /// Name and data of the next piece; none at the end of the file.
    fn next(&mut self) -> Result<Option<PngChunk<'a>>, String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((name, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        // The checksum behind the data is the decoder's business, but it has to be there.
        if rest.len() < length.saturating_add(4) {
            return Err(format!("the PNG is cut off: byte {} announces {length} bytes that are not there", self.at));
        }
        self.at += 12 + length;
        Ok(Some((name, &rest[..length])))
    }
}

fn jpeg(bytes: &[u8]) -> Result<Header, String> {
    let cut = || format!("the JPEG is cut off after {} bytes", bytes.len());
    let mut at = JPEG_START.len();
    let mut found: Option<Header> = None;
    loop {
        let marker = *bytes.get(at + 1).ok_or_else(cut)?;
        if bytes[at] != 0xFF {
            return Err(format!("the JPEG has no marker at byte {at}"));
        }
        match marker {
            // Fill bytes, and markers without data.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD7 => at += 2,
            0xD9 => return Err("the JPEG ends before its pixels".to_owned()),
            _ => {
                let rest = bytes.get(at + 2..).unwrap_or_default();
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>().ok_or_else(cut)?));
                let data = rest.get(2..length).ok_or_else(cut)?;
                if marker == 0xDA {
                    break;
                }
                if (0xC0..=0xCF).contains(&marker) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
                    found = Some(jpeg_frame(marker, data)?);
                }
                at += 2 + length;
            }
        }
    }
    let header = found.ok_or("the JPEG has no size before its pixels")?;
    let pixels = &bytes[at..];
    if !pixels.windows(2).rev().any(|pair| pair == JPEG_END) {
        return Err(cut());
    }
    if header.width * header.height > pixels.len().saturating_mul(MAX_JPEG_PIXELS_PER_BYTE) {
        let Header { width, height, .. } = header;
        return Err(format!("{} bytes cannot hold the {width}x{height} pixels that are announced", pixels.len()));
    }
    Ok(header)
}

fn jpeg_frame(marker: u8, data: &[u8]) -> Result<Header, String> {
    let &[precision, h0, h1, w0, w1, components, ..] = data else {
        return Err("the size of the JPEG is cut off".to_owned());
    };
    if marker > 0xC2 || precision != 8 {
        return Err(format!("a JPEG of kind 0x{marker:02x} with {precision} bits is not supported"));
    }
    let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let (width, height) = (side(w0, w1), side(h0, h1));
    check_size(width, height)?;
    Ok(Header { kind: Kind::Jpeg, width, height, gray: components == 1 })
}
