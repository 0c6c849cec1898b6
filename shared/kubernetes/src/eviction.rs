//! One eviction: the request, and what its answer means.

use crate::cluster::{Answer, Cluster, ClusterError};
use domain::snapshot::Pod;
use http::Method;
use serde_json::{Value, json};

/// What came of asking for an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Accepted: the pod is terminating.
    Evicted,
    /// That pod is gone already.
    Gone,
    /// Its budget does not allow it now.
    Blocked {
        /// Ask again after this many seconds.
        seconds: i64,
        /// Which budget, in the API server's words.
        cause: String,
    },
    /// The API server has too much to do.
    Throttled {
        /// Ask again after this many seconds.
        seconds: i64,
    },
    /// More than one budget: asking again will not help.
    SeveralBudgets,
    /// Its namespace is being deleted: it will go by itself.
    NamespaceTerminating,
    /// We may not.
    Forbidden(String),
    /// It may have happened or not.
    Unclear(String),
}

/// How long a used-up budget is left alone, seconds.
pub(crate) const BUDGET_SECONDS: i64 = 5;

impl Cluster {
    /// Asks for a pod's eviction, of that very pod and no namesake. Sent raw, for
    /// `kube`'s `EvictParams` loses the delete options.
    pub(crate) async fn evict(&self, pod: &Pod) -> Verdict {
        let Pod { namespace, name, uid, .. } = pod;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": { "name": name, "namespace": namespace },
            "deleteOptions": { "preconditions": { "uid": uid } },
        });
        match self.call(Method::POST, &path, Some(&eviction)).await {
            Ok(answer) => verdict(&answer),
            Err(ClusterError::Connection(message)) => Verdict::Unclear(message),
            Err(error) => Verdict::Unclear(error.to_string()),
        }
    }
}

fn verdict(answer: &Answer) -> Verdict {
    let status = answer.json();
    let message = status["message"].as_str().unwrap_or_default();
    let cause = |reason: &str| {
        let causes = status["details"]["causes"].as_array()?;
        causes.iter().find(|cause| cause["reason"] == reason)
    };
    let retry_after = status["details"]["retryAfterSeconds"].as_i64().or(answer.retry_after);
    match answer.status.as_u16() {
        200..300 => Verdict::Evicted,
        404 => Verdict::Gone,
        409 if message.contains("UID") => Verdict::Gone,
        429 => match cause("DisruptionBudget") {
            Some(cause) => Verdict::Blocked {
                seconds: retry_after.filter(|seconds| *seconds > 0).unwrap_or(BUDGET_SECONDS),
                cause: cause["message"].as_str().unwrap_or(message).to_owned(),
            },
            None => Verdict::Throttled { seconds: retry_after.unwrap_or(1).max(1) },
        },
        500 if message.contains("more than one PodDisruptionBudget") => Verdict::SeveralBudgets,
        403 if cause("NamespaceTerminating").is_some() => Verdict::NamespaceTerminating,
        403 => Verdict::Forbidden(message.to_owned()),
        code => Verdict::Unclear(format!("{code} {}", summary(&status, message))),
    }
}

fn summary(status: &Value, message: &str) -> String {
    if message.is_empty() { status.to_string() } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn every_answer_has_its_meaning() {
        let budget = json!({ "causes": [{ "reason": "DisruptionBudget", "message": "The disruption budget api needs 2 healthy pods and has 2 currently" }] });
        let mut unobserved = budget.clone();
        unobserved["retryAfterSeconds"] = json!(10);
        let terminating = json!({ "causes": [{ "reason": "NamespaceTerminating" }] });
        let table = [
            ("accepted", 201, None, json!({ "status": "Success" })),
            ("gone", 404, None, json!({ "reason": "NotFound" })),
            (
                "a namesake",
                409,
                None,
                json!({ "message": "the UID in the precondition (a) does not match the UID in record (b)" }),
            ),
            ("a race", 409, None, json!({ "message": "the object has been modified" })),
            ("budget used up", 429, None, json!({ "details": budget })),
            ("budget not observed", 429, Some(10), json!({ "details": unobserved })),
            ("throttled", 429, Some(2), json!({ "message": "too many requests" })),
            (
                "two budgets",
                500,
                None,
                json!({ "message": "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support." }),
            ),
            ("namespace going", 403, None, json!({ "details": terminating })),
            ("not allowed", 403, None, json!({ "message": "pods \"a\" is forbidden" })),
            ("broken", 500, None, json!({ "message": "etcdserver: request timed out" })),
            ("no JSON", 503, None, Value::Null),
        ];
        let row = |(name, code, retry_after, body): (&str, u16, Option<i64>, Value)| {
            let status = StatusCode::from_u16(code).unwrap();
            let answer = Answer { status, retry_after, body: body.to_string().into_bytes() };
            format!("{name:<20} {:?}\n", verdict(&answer))
        };
        let rows: String = table.into_iter().map(row).collect();
        expect_test::expect![[r#"
            accepted             Evicted
            gone                 Gone
            a namesake           Gone
            a race               Unclear("409 the object has been modified")
            budget used up       Blocked { seconds: 5, cause: "The disruption budget api needs 2 healthy pods and has 2 currently" }
            budget not observed  Blocked { seconds: 10, cause: "The disruption budget api needs 2 healthy pods and has 2 currently" }
            throttled            Throttled { seconds: 2 }
            two budgets          SeveralBudgets
            namespace going      NamespaceTerminating
            not allowed          Forbidden("pods \"a\" is forbidden")
            broken               Unclear("500 etcdserver: request timed out")
            no JSON              Unclear("503 null")
        "#]].assert_eq(&rows);
    }
}
