//! The Eviction subresource, step by step as `pkg/registry/core/pod/storage/eviction.go` does it.

use super::answer::Target;
use super::controllers::text;
use super::pod::SimPod;
use super::resource::Resource;
use super::state::ClusterState;
use super::status::{Answer, Failure, success};
use http::StatusCode;
use serde_json::{Value, json};

impl ClusterState {
    pub(super) fn evict(&mut self, target: &Target, eviction: &Value) -> Answer {
        let key = format!("{}/{}", target.namespace, target.name());
        let absent = || Failure::not_found(Resource::Pods, target.name());
        let pod = self.pods.get(&key).ok_or_else(absent)?.clone();
        if let Some(name) = eviction["metadata"]["name"].as_str().filter(|name| *name != pod.name) {
            let message = format!("name in URL does not match name in Eviction object: {name}");
            return Err(Failure::bad_request(message));
        }
        let options = &eviction["deleteOptions"];
        let asked = options["preconditions"]["uid"].as_str();
        if let Some(asked) = asked.filter(|asked| *asked != pod.uid) {
            return Err(Failure::uid_differs(&pod.name, asked, &pod.uid));
        }
        let budget = self.budget_in_the_way(&pod)?;
        if options["dryRun"].as_array().is_none_or(Vec::is_empty) {
            let before = self.budgets_in_order();
            if let Some(budget) = budget {
                self.use_up(&budget);
            }
            let grace = options["gracePeriodSeconds"].as_u64();
            self.delete_pod(&key, grace.and_then(|grace| u32::try_from(grace).ok()));
            self.note_broken_budgets(&before, &format!("{key} was evicted"));
        }
        Ok((StatusCode::CREATED, success(StatusCode::CREATED)))
    }

    /// The budget that an eviction uses, where one is asked; a failure where it does not allow it.
    fn budget_in_the_way(&self, pod: &SimPod) -> Result<Option<String>, Failure> {
        let ready = pod.is_ready(self.now);
        // A pod that is pending or being deleted bypasses budgets; finished ones are not simulated.
        if pod.deletion.is_some() || !ready {
            return Ok(None);
        }
        let budgets = self.budgets_of(pod);
        let [key] = budgets.as_slice() else {
            return if budgets.is_empty() { Ok(None) } else { Err(Failure::several_budgets()) };
        };
        let Some(budget) = self.objects.get(key) else { return Ok(None) };
        let status = &budget["status"];
        let count = |field: &str| status[field].as_u64().unwrap_or(0);
        let name = text(&budget["metadata"]["name"]);
        let observed = status["observedGeneration"].as_u64().unwrap_or(0);
        if observed < budget["metadata"]["generation"].as_u64().unwrap_or(1) {
            let cause =
                format!("The disruption budget {name} is still being processed by the server.");
            return Err(Failure::budget(cause, 10));
        }
        if count("disruptionsAllowed") == 0 {
            let cause = format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                count("desiredHealthy"),
                count("currentHealthy")
            );
            return Err(Failure::budget(cause, 0));
        }
        Ok(Some(key.clone()))
    }

    /// Takes one disruption off what a budget allows until its controller counts again.
    fn use_up(&mut self, key: &str) {
        let Some(budget) = self.objects.get(key) else { return };
        let mut status = budget["status"].clone();
        let allowed = status["disruptionsAllowed"].as_u64().unwrap_or(0);
        status["disruptionsAllowed"] = json!(allowed.saturating_sub(1));
        self.store_status(key, status);
    }
}
