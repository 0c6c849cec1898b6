//! EC2 instances of a cluster.

use crate::clusters::timestamp;
use crate::{AccountClient, Error, Scaling};
use aws_sdk_ec2::types as ec2;
use domain::offering::{CapacityType, Pool};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The tag that Auto Scaling puts on its instances.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Type, zone and how it is bought.
    pub pool: Pool,
    /// Where it stands.
    pub state: InstanceState,
    /// When it was launched: from here it costs money.
    pub launched_at: Timestamp,
    /// When it was terminated, where AWS says so: up to here it costs money.
    pub terminated_at: Option<Timestamp>,
    /// EC2 took it back.
    pub reclaimed: bool,
    /// The managed node group it belongs to (tag `eks:nodegroup-name`).
    pub node_group: Option<String>,
    /// The Auto Scaling group it belongs to.
    pub auto_scaling_group: Option<String>,
    /// What EKS names its Node object by.
    pub private_dns_name: Option<String>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// Whether it is one of the cluster's nodes: `kubernetes.io/cluster/<name>` is on all of them,
    /// however they were made.
    pub fn is_of(&self, cluster: &str) -> bool {
        self.tags.contains_key(&cluster_tag(cluster))
    }
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceState {
    /// Being launched.
    Pending,
    /// Up.
    Running,
    /// On its way out.
    ShuttingDown,
    /// Gone. Listed for about an hour.
    Terminated,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
}

impl InstanceState {
    /// It is gone or going, and nothing brings it back.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated)
    }
}

/// A node to terminate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Termination {
    /// The cluster it must be of.
    pub cluster: String,
    /// The instance.
    pub instance_id: String,
    /// The managed node group it must be of, where the plan knew one.
    pub node_group: Option<String>,
}

impl AccountClient {
    /// A cluster's instances, by id, with those terminated within about the last hour.
    pub async fn instances(&self, cluster: &str) -> Result<Vec<Instance>, Error> {
        let filter = ec2::Filter::builder().name("tag-key").values(cluster_tag(cluster)).build();
        let mut instances = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .ec2
                .describe_instances()
                .filters(filter.clone())
                .max_results(1000)
                .set_next_token(token);
            let page = self.call("DescribeInstances", request.send()).await?;
            let reservations = page.reservations.unwrap_or_default().into_iter();
            let found = reservations.flat_map(|one| one.instances.unwrap_or_default());
            instances.extend(found.filter_map(instance));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                instances.sort_by(|a, b| a.id.cmp(&b.id));
                return Ok(instances);
            }
        }
    }

    /// One instance; `None` when EC2 no longer knows it.
    pub async fn instance(&self, id: &str) -> Result<Option<Instance>, Error> {
        let request = self.ec2.describe_instances().instance_ids(id);
        match self.call("DescribeInstances", request.send()).await {
            Ok(page) => {
                let mut reservations = page.reservations.unwrap_or_default().into_iter();
                let found = reservations.find_map(|one| one.instances?.into_iter().next());
                Ok(found.and_then(instance))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Terminates a node for good: its group does not replace it. Gone or going is done.
    ///
    /// Refused with [`Error::Conflict`] when the instance is not of that cluster or node group, and
    /// while its group is being changed; the group's minimum is lowered where it stands in the way.
    pub async fn terminate_instance(&self, termination: &Termination) -> Result<(), Error> {
        let Some(instance) = self.instance(&termination.instance_id).await? else {
            return Ok(());
        };
        if instance.state.is_over() {
            return Ok(());
        }
        check_ownership(&instance, termination)?;
        let done = match &instance.auto_scaling_group {
            Some(group) => self.terminate_in_group(&instance, termination, group).await,
            None => self.terminate_alone(&instance.id, false).await,
        };
        match done {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Whether our role may terminate this instance, asked by EC2's `DryRun`: nothing happens.
    pub async fn may_terminate(&self, instance_id: &str) -> Result<bool, Error> {
        match self.terminate_alone(instance_id, true).await {
            Ok(()) => Ok(true),
            Err(Error::Denied { .. }) => Ok(false),
            // How DryRun says yes.
            Err(Error::Invalid { message, .. }) if message.starts_with("DryRunOperation") => {
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    async fn terminate_alone(&self, id: &str, dry_run: bool) -> Result<(), Error> {
        let request = self.ec2.terminate_instances().instance_ids(id).dry_run(dry_run);
        self.call("TerminateInstances", request.send()).await?;
        Ok(())
    }

    async fn terminate_in_group(
        &self,
        instance: &Instance,
        termination: &Termination,
        group: &str,
    ) -> Result<(), Error> {
        let now = self.auto_scaling_group(group).await?;
        let desired = now.desired_capacity.unwrap_or(0);
        if desired <= now.min_size.unwrap_or(0) {
            let min = (desired - 1).max(0);
            if let Some(name) = &instance.node_group {
                let scaling = Scaling {
                    min: min.unsigned_abs(),
                    max: now.max_size.unwrap_or(1).max(1).unsigned_abs(),
                    desired: desired.max(0).unsigned_abs(),
                };
                self.scale_node_group(&termination.cluster, name, scaling).await?;
            } else {
                let request = self
                    .auto_scaling
                    .update_auto_scaling_group()
                    .auto_scaling_group_name(group)
                    .min_size(min);
                self.call("UpdateAutoScalingGroup", request.send()).await?;
            }
        }
        let request = self
            .auto_scaling
            .terminate_instance_in_auto_scaling_group()
            .instance_id(&instance.id)
            .should_decrement_desired_capacity(true);
        self.call("TerminateInstanceInAutoScalingGroup", request.send()).await?;
        Ok(())
    }
}

fn check_ownership(instance: &Instance, wanted: &Termination) -> Result<(), Error> {
    let wrong_group = wanted.node_group.is_some() && wanted.node_group != instance.node_group;
    if instance.is_of(&wanted.cluster) && !wrong_group {
        return Ok(());
    }
    Err(Error::Conflict {
        operation: "TerminateInstance",
        message: format!(
            "{} is not of cluster {}{}",
            instance.id,
            wanted.cluster,
            wanted
                .node_group
                .as_ref()
                .map(|name| format!(", node group {name}"))
                .unwrap_or_default()
        ),
    })
}

fn cluster_tag(cluster: &str) -> String {
    format!("kubernetes.io/cluster/{cluster}")
}

fn instance(ec2: ec2::Instance) -> Option<Instance> {
    let tags: BTreeMap<String, String> = ec2
        .tags
        .unwrap_or_default()
        .into_iter()
        .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
        .collect();
    let reason = ec2.state_transition_reason.unwrap_or_default();
    let reason_code = ec2.state_reason.and_then(|it| it.code).unwrap_or_default();
    let state = state(ec2.state?.name?);
    Some(Instance {
        id: ec2.instance_id?,
        pool: Pool {
            instance_type: ec2.instance_type?.as_str().to_owned(),
            zone: ec2.placement?.availability_zone?,
            capacity_type: match ec2.instance_lifecycle {
                Some(ec2::InstanceLifecycleType::Spot) => CapacityType::Spot,
                _ => CapacityType::OnDemand,
            },
        },
        state,
        launched_at: timestamp(ec2.launch_time?)?,
        terminated_at: transition_time(&reason).filter(|_| state.is_over()),
        reclaimed: reason_code == "Server.SpotInstanceTermination",
        node_group: tags.get("eks:nodegroup-name").cloned(),
        auto_scaling_group: tags.get(GROUP_TAG).cloned(),
        private_dns_name: ec2.private_dns_name.filter(|name| !name.is_empty()),
        tags,
    })
}

fn state(name: ec2::InstanceStateName) -> InstanceState {
    match name {
        ec2::InstanceStateName::Pending => InstanceState::Pending,
        ec2::InstanceStateName::ShuttingDown => InstanceState::ShuttingDown,
        ec2::InstanceStateName::Terminated => InstanceState::Terminated,
        ec2::InstanceStateName::Stopping => InstanceState::Stopping,
        ec2::InstanceStateName::Stopped => InstanceState::Stopped,
        _ => InstanceState::Running,
    }
}

/// The time in `User initiated (2026-11-23 10:15:00 GMT)`: the only place where EC2 tells it.
fn transition_time(reason: &str) -> Option<Timestamp> {
    let inside = reason.rsplit_once('(')?.1.split_once(" GMT)")?.0;
    format!("{}Z", inside.replacen(' ', "T", 1)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_termination_is_read_from_the_reason() {
        let read = |reason| transition_time(reason).map(|time| time.to_string());
        assert_eq!(
            read("User initiated (2026-11-23 10:15:00 GMT)").as_deref(),
            Some("2026-11-23T10:15:00Z")
        );
        assert_eq!(read(""), None);
        assert_eq!(read("Server.InternalError"), None);
    }
}
