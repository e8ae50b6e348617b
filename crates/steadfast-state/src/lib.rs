//! Everything a run leaves on disk: folder, lock, checkpoints, metrics, results.
//!
//! # Overview
//!
//! A [`StateManager`] works in a results folder. Opening a run gives a locked [`RunFolder`]; everything a run writes goes
//! through it, and everything that outlives the process is written nowhere else. What a training state is made of is not
//! this crate's business: it is a [`Snapshot`], any JSON value and any named tensors.
//!
//! ```
//! use serde_json::json;
//! use steadfast_state::{MetricsRow, Snapshot, StateManager, TensorData, TensorMap};
//!
//! # let results = tempfile::tempdir()?;
//! # let results = results.path();
//! let mut run = StateManager::new(results).open("exp1")?;
//! assert!(run.latest()?.snapshot.is_none(), "a fresh run");
//!
//! let weight = TensorData::from_f32(vec![2], &[0.5, -0.5])?;
//! let tensors = TensorMap::from([("fc.weight".to_owned(), weight)]);
//! let snapshot = Snapshot { step: 100, state: json!({"epoch": 1}), tensors };
//! run.append_metrics(MetricsRow::new().with("epoch", 1_u64).with("train_loss", 0.25))?;
//! let saved = run.save(&snapshot)?;
//! assert!(saved.path.ends_with("exp1/checkpoints/step-000000000100.safetensors"));
//! run.append_metrics(MetricsRow::new().with("epoch", 2_u64).with("train_loss", 0.125))?;
//! drop(run); // or kill -9
//!
//! let mut run = StateManager::new(results).open("exp1")?;
//! assert_eq!(run.latest()?.snapshot, Some(snapshot));
//! run.rewind_metrics()?;
//! assert_eq!(run.metrics(), b"{\"epoch\":1,\"train_loss\":0.25}\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - **One commit point.** A checkpoint is one file. Once [`RunFolder::save`] returns, neither a kill nor a power cut takes
//!   it back; before that, everything is as it was. Where the disk leaves it open, the error says so.
//! - **Nothing false is believed.** Every bit of a checkpoint is under a checksum, and its name is part of what is checked.
//!   [`RunFolder::latest`] takes the newest checkpoint that proves itself. When there are some but none does, that is an
//!   error, never a silent start from nothing.
//! - **Nothing of value is deleted.** At least two valid checkpoints stay; older ones go only after a newer one is
//!   committed, never to make room. Damaged files, edited metrics and earlier runs are renamed.
//! - **Equal states give equal bytes**, in every process and on every machine: no clock, no host, no order of insertion.
//! - **One writer.** The lock is the kernel's and dies with its process; reading needs no lock and changes nothing.
//! - **No detours.** No symbolic link inside the results folder is followed, no pipe or device is opened, and a folder
//!   swapped during the run is noticed rather than followed.
//! - **The rows of `metrics.jsonl` are those of the state**: every checkpoint carries the whole history, so the file comes
//!   back exactly, whatever happened to it.
//!
//! `docs/design/checkpoint-format.md` draws the file byte by byte and lists what was rejected.
//!
//! # Limitations
//!
//! - Unix only. Locks, atomic renames and fsync are as good as the file system; on a network file system opening warns.
//! - The checksum finds accidents, not attacks: whoever may write into the folder can write a valid checkpoint.
//!   Reading one never runs code, allocates no more than the file's size, and ends in an error at worst.
//! - Reading a checkpoint needs twice its size in memory for a moment. It is not mapped: a file truncated by somebody
//!   else while it is read must be an error, not a crash.
//! - A `RunFolder` is for one thread at a time.

mod commit;
mod container;
mod directory;
mod document;
mod dtype;
mod error;
mod generation;
mod lock;
mod manager;
mod metrics_log;
mod metrics_row;
mod model_file;
#[cfg(feature = "planted-faults")]
mod planted;
mod process;
mod reading;
mod recovery;
mod retention;
mod run_folder;
mod side_file;
mod snapshot;
mod space;
mod summary;
mod sweep;
mod sweep_folder;
mod tensor_data;

pub use document::Document;
pub use dtype::Dtype;
pub use error::{Damage, EncodeError, SaveError, SkippedGeneration, StateError, TensorError};
pub use manager::StateManager;
pub use metrics_log::Rewind;
pub use metrics_row::{MetricValue, MetricsRow};
pub use model_file::{Exported, ModelFile, model_bytes, read_model, write_file};
pub use recovery::Recovery;
pub use run_folder::{RunFolder, Saved};
pub use side_file::SideFile;
pub use snapshot::Snapshot;
pub use summary::{RunStatus, RunSummary};
pub use sweep_folder::{SweepDocument, SweepFolder};
pub use tensor_data::{TensorData, TensorMap};
