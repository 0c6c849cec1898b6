//! From a running API.

use crate::error::CliError;
use serde::Deserialize;

#[derive(Deserialize)]
struct Explanation {
    text: String,
}

/// RFC 9457, as far as a person needs it.
#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
}

/// Asks it.
pub(crate) fn explanation(
    url: &str,
    token: &str,
    id: &str,
    index: u32,
) -> Result<String, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::Failed(error.to_string()))?;
    let answer = runtime.block_on(ask(url, token, id, index)).map_err(CliError::Failed)?;
    Ok(if answer.ends_with('\n') { answer } else { answer + "\n" })
}

async fn ask(url: &str, token: &str, id: &str, index: u32) -> Result<String, String> {
    let base = url.trim_end_matches('/');
    let place = format!("{base}/api/v1/optimizations/{id}/commands/{index}/explanation");
    let unreachable = |error: reqwest::Error| format!("{base} does not answer: {error}");
    let response =
        reqwest::Client::new().get(place).bearer_auth(token).send().await.map_err(unreachable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(unreachable)?;
    if status.is_success() {
        let explanation: Explanation = serde_json::from_slice(&body)
            .map_err(|_| format!("{base} does not answer like this API; check --url"))?;
        return Ok(explanation.text);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(Problem { title, detail: Some(detail) }) => Err(format!("{title}: {detail}")),
        Ok(Problem { title, detail: None }) => Err(title),
        Err(_) => Err(format!("{base} answers {status}")),
    }
}
