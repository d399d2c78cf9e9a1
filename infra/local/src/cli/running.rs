//! Requests to the local cloud that runs in a data folder.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};

use crate::data::DataFolder;

pub struct Running {
    agent: Agent,
    aws_url: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Running {
    pub fn find(data: &DataFolder) -> Result<Self> {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Ok(Self {
            agent,
            aws_url: data.running()?.aws_url,
        })
    }

    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}{path}", self.aws_url);
        let answer = read(self.agent.get(&url).call().with_context(|| no_answer(&url))?)?;
        if answer.status != 200 {
            bail!("{url} answered with status {}: {}", answer.status, answer.message());
        }
        serde_json::from_str(&answer.body).with_context(|| format!("could not read the answer of {url}"))
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Result<Answer> {
        let url = format!("{}{path}", self.aws_url);
        read(
            self.agent
                .post(&url)
                .content_type("application/json")
                .send(body)
                .with_context(|| no_answer(&url))?,
        )
    }
}

impl Answer {
    /// The message of an error answer.
    pub fn message(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body.get("message")
            .and_then(Value::as_str)
            .map_or_else(|| self.body.clone(), str::to_owned)
    }
}

fn read(response: Response<Body>) -> Result<Answer> {
    let (head, mut body) = response.into_parts();
    let body = body
        .read_to_string()
        .context("the local cloud did not complete its answer")?;
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}

fn no_answer(url: &str) -> String {
    format!("no answer from {url}; is the local cloud still running?")
}
