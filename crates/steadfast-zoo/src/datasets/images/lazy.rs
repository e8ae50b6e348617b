//! A set of encoded images: inspected once, decoded at once if there is room for all of them, else when they are wanted.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::super::{DataError, FeatureValues, Features};
use super::header::Header;
use super::plan::Plan;
use crate::data_config::DataConfig;

/// The stored number that means 1.0 in a pixel.
const PIXEL_SCALE: f32 = 255.0;

/// The largest file that is read as an image, 256 MiB.
const MAX_FILE_BYTES: u64 = 1 << 28;

/// An image as it was found.
#[derive(Clone, Debug)]
pub(in super::super) struct Encoded {
    /// The file that it is in.
    pub(in super::super) path: PathBuf,
    /// Where in the file, and its content if the file holds more than one image.
    pub(in super::super) origin: Origin,
}

/// Where the bytes of an image are.
#[derive(Clone, Debug)]
pub(in super::super) enum Origin {
    /// The whole file.
    File,
    /// A row of a table.
    Row {
        /// Counted from 0.
        row: usize,
        /// The content of the cell.
        bytes: Vec<u8>,
    },
}

impl Encoded {
    fn bytes(&self) -> Result<Cow<'_, [u8]>, DataError> {
        match &self.origin {
            Origin::File => read_limited(&self.path).map(Cow::Owned),
            Origin::Row { bytes, .. } => Ok(Cow::Borrowed(bytes)),
        }
    }

    fn problem(&self, problem: String) -> DataError {
        let place = match &self.origin {
            Origin::File => String::new(),
            Origin::Row { row, .. } => format!(", row {row}"),
        };
        DataError::Content { path: self.path.clone(), place, problem }
    }

    fn inspect(&self) -> Result<(Header, [u8; 32]), DataError> {
        let bytes = self.bytes()?;
        let header = Header::read(&bytes).map_err(|problem| self.problem(problem))?;
        Ok((header, Sha256::digest(&bytes).into()))
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, DataError> {
    let refused = |source| DataError::Read { path: path.to_path_buf(), source };
    let length = fs_err::metadata(path).map_err(refused)?.len();
    if length > MAX_FILE_BYTES {
        let problem = format!("a file of {length} bytes is too large for an image");
        return Err(DataError::Content { path: path.to_path_buf(), place: String::new(), problem });
    }
    fs_err::read(path).map_err(refused)
}

/// Images that are decoded when a batch needs them.
#[derive(Clone, Debug)]
pub struct LazyImages {
    store: Arc<Store>,
    rows: Vec<u32>,
}

/// All images of a part of the data.
#[derive(Debug)]
struct Store {
    images: Vec<Encoded>,
    digests: Vec<[u8; 32]>,
    plan: Plan,
}

/// Sets with the same content, made into the same samples.
impl PartialEq for LazyImages {
    fn eq(&self, other: &Self) -> bool {
        self.store.plan == other.store.plan && self.digests().eq(other.digests())
    }
}

impl LazyImages {
    /// How many images there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The SHA-256 of each encoded image.
    pub(in super::super) fn digests(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.rows.iter().map(|&row| &self.store.digests[row as usize])
    }

    /// How many bytes a decoded image has.
    pub(in super::super) fn sample_len(&self) -> usize {
        self.store.plan.sample_len()
    }

    /// These images, in this order; each index has been checked.
    pub(in super::super) fn select(&self, indices: &[usize]) -> Self {
        Self { store: Arc::clone(&self.store), rows: indices.iter().map(|&index| self.rows[index]).collect() }
    }

    /// Appends an image, channel by channel.
    pub(in super::super) fn append(&self, index: usize, out: &mut Vec<u8>) -> Result<(), DataError> {
        let absent = DataError::NoSuchSample { index, samples: self.rows.len() };
        let row = *self.rows.get(index).ok_or(absent)? as usize;
        let image = &self.store.images[row];
        let bytes = image.bytes()?;
        if !matches!(image.origin, Origin::Row { .. }) && *Sha256::digest(&bytes) != self.store.digests[row] {
            return Err(image.problem("has changed since the start".to_owned()));
        }
        self.store.plan.append(&bytes, out).map_err(|problem| image.problem(problem))
    }

    /// All images, decoded on all processors.
    fn decode_all(&self) -> Result<Vec<u8>, DataError> {
        let len = self.sample_len();
        let total = self.count() * len;
        let mut all = Vec::new();
        let path = || self.store.images.first().map(|image| image.path.clone()).unwrap_or_default();
        all.try_reserve_exact(total).map_err(|_| DataError::OutOfMemory { path: path(), bytes: total as u64 })?;
        all.resize(total, 0_u8);
        let decoded = all.par_chunks_exact_mut(len).enumerate().map(|(index, out)| {
            let mut image = Vec::with_capacity(len);
            self.append(index, &mut image)?;
            out.copy_from_slice(&image);
            Ok(())
        });
        first_error(decoded.collect())?;
        Ok(all)
    }
}

/// The same error every time, whichever thread was faster.
fn first_error<T>(results: Vec<Result<T, DataError>>) -> Result<Vec<T>, DataError> {
    results.into_iter().collect()
}

/// The inputs of a part, and the SHA-256 of each encoded image.
type Opened = (Features, Vec<[u8; 32]>);

/// The inputs of several parts of a data set, of which the first one decides about size and channels.
pub(in super::super) fn open(parts: Vec<Vec<Encoded>>, config: &DataConfig) -> Result<Vec<Opened>, DataError> {
    let mut plan = None;
    let mut left = config.cache.saturating_mul(1 << 20);
    let mut opened = Vec::new();
    for images in parts {
        let inspected = first_error(images.par_iter().map(Encoded::inspect).collect())?;
        let (headers, digests): (Vec<Header>, Vec<[u8; 32]>) = inspected.into_iter().unzip();
        let plan = match plan {
            Some(plan) => plan,
            None => *plan.insert(Plan::new(&headers, config)?),
        };
        let rows = u32::try_from(images.len()).map(|count| (0..count).collect());
        let rows = rows.map_err(|_| DataError::Inconsistent(format!("a set of {} images", images.len())))?;
        let lazy = LazyImages { store: Arc::new(Store { images, digests: digests.clone(), plan }), rows };
        let size = lazy.count().saturating_mul(lazy.sample_len());
        let values = if size <= left {
            left -= size;
            FeatureValues::Bytes { values: lazy.decode_all()?, full_scale: PIXEL_SCALE }
        } else {
            FeatureValues::Images(lazy)
        };
        opened.push((Features::new(values, vec![plan.channels, plan.size.height, plan.size.width])?, digests));
    }
    Ok(opened)
}
