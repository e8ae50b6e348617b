//! What can go wrong between here and a server.

use thiserror::Error;

/// Why a server does not know what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MlflowError {
    /// The address cannot be used.
    #[error("`{address}` is no address of a server: {why}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No answer: no server, no network, or too slow.
    #[error("no answer from {url}: {source}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What happened.
        source: Box<ureq::Error>,
    },
    /// The server said no.
    #[error("{url} answered {status}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// Status of HTTP.
        status: u16,
        /// MLflow's name for it, such as `RESOURCE_DOES_NOT_EXIST`; empty if there is none.
        code: String,
        /// The server's words.
        message: String,
    },
    /// The answer is not what MLflow answers; perhaps something else listens there.
    #[error("{url} did not answer as MLflow does: {what} is missing")]
    Strange {
        /// What was asked.
        url: String,
        /// What the answer lacks.
        what: &'static str,
    },
}
