//! Data: reading it, checking it, splitting it and handing it out in batches.
//!
//! The way of a data set through this module:
//!
//! 1. [`load`] recognizes what lies at a path ([`detect`]) and reads it whole into [`LoadedData`].
//! 2. [`LoadedData::into_split`] makes the parts of an experiment of it, a [`Split`].
//! 3. [`Normalization::measure`] looks at the training part only.
//! 4. [`Dataset::fill_batch`] gathers and normalizes samples straight into the buffer of a batch.
//!
//! Nothing here draws a random number: whoever splits or shuffles passes the order in.
//! Nothing here knows tensors: a batch is a plain vector of `f32`.
//!
//! A further format is one file with an `ENTRY`, a variant of [`Format`], and two lines here.

mod augment;
mod builtin;
mod byte_source;
mod cifar;
mod csv;
mod csv_table;
mod dataset;
mod error;
mod features;
mod fingerprint;
#[cfg(test)]
mod fixtures;
mod format;
mod idx;
mod idx_file;
#[cfg(test)]
mod idx_fixture;
mod idx_header;
mod image_folder;
mod images;
mod listing;
mod normalization;
mod npy;
mod npy_array;
mod parquet_columns;
mod parquet_file;
mod parts;
mod preparation;
mod source_sum;
mod split;
mod table;
mod targets;
mod text;
mod tokenizer;

pub use augment::{AugmentConfig, Augmentation, Mix};
pub use builtin::{BUILTINS, Builtin};
pub use dataset::Dataset;
pub use error::DataError;
pub use features::{FeatureValues, Features};
pub use fingerprint::fingerprint;
pub use format::{DatasetEntry, Format, Source, detect, load};
pub use images::LazyImages;
pub use normalization::{MEASURED_IMAGES, Normalization};
pub use preparation::{PreparedData, prepare};
pub use split::{DEFAULT_VALIDATION_FRACTION, LoadedData, Split, limit, split};
pub use targets::Targets;

/// Every format that data can be read from, in the order in which they are tried.
pub const DATASETS: &[DatasetEntry] = &[
    builtin::ENTRY,
    idx::ENTRY,
    cifar::ENTRY,
    npy::ENTRY,
    parquet_file::ENTRY,
    csv::ENTRY,
    image_folder::ENTRY,
    text::ENTRY,
];
