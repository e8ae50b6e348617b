//! Requests and answers.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::error::MlflowError;

/// More of a message than this is noise: a server may answer with a whole page.
const LONGEST_MESSAGE: usize = 300;

/// A connection to a server. Every request ends within a limit of time, whatever the server does.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    pub(super) fn new(address: &str, limit: Duration) -> Result<Self, MlflowError> {
        let wrong = |why| MlflowError::Address { address: address.to_owned(), why };
        if address.starts_with("https://") {
            return Err(wrong("TLS is not spoken here; use http:// through a tunnel or a proxy on this machine"));
        }
        let host = address.strip_prefix("http://").ok_or_else(|| wrong("it has to begin with http://"))?;
        if host.trim_matches('/').is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong("it names no host"));
        }
        let config = Agent::config_builder().timeout_global(Some(limit)).http_status_as_error(false).build();
        Ok(Self { agent: config.into(), base: address.trim_end_matches('/').to_owned() })
    }

    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, MlflowError> {
        let url = self.url(path);
        let request = query.iter().fold(self.agent.get(&url), |request, (key, value)| request.query(*key, *value));
        Self::answer(url, request.call())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, MlflowError> {
        let url = self.url(path);
        let request = self.agent.post(&url).header("content-type", "application/json");
        Self::answer(url, request.send(body.to_string().as_bytes()))
    }

    /// Where a method of the interface is.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/api/2.0/mlflow/{path}", self.base)
    }

    fn answer(
        url: String,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, MlflowError> {
        let read = answer.and_then(|mut response| {
            let status = response.status().as_u16();
            response.body_mut().read_to_string().map(|text| (status, text))
        });
        let (status, text) = match read {
            Ok(read) => read,
            Err(source) => return Err(MlflowError::NoAnswer { url, source: Box::new(source) }),
        };
        let value: Option<Value> = serde_json::from_str(&text).ok();
        match (status, value) {
            (200, Some(value)) => Ok(value),
            (200, None) => Err(MlflowError::Strange { url, what: "JSON" }),
            (_, value) => {
                let told = |key: &str| Some(value.as_ref()?.get(key)?.as_str()?.to_owned());
                let message = told("message").unwrap_or(text);
                let message =
                    message.chars().take(LONGEST_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect();
                Err(MlflowError::Refused { url, status, code: told("error_code").unwrap_or_default(), message })
            }
        }
    }
}
