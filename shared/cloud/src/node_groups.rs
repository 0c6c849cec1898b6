//! EKS managed node groups.

use crate::clusters::timestamp;
use crate::{AccountClient, Error, PLAN_TAG};
use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, ScalingActivityStatusCode};
use aws_sdk_eks::types as eks;
use domain::offering::{Architecture, CapacityType};
use domain::snapshot::{Labels, Taint, TaintEffect};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Codes in which EC2 says that it has no such capacity now, as they stand in the messages of Auto
/// Scaling and EKS.
const NO_CAPACITY: [&str; 4] = [
    "InsufficientInstanceCapacity",
    "UnfulfillableCapacity",
    "MaxSpotInstanceCountExceeded",
    "VcpuLimitExceeded",
];

/// A managed node group with the Auto Scaling group behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroup {
    /// The cluster.
    pub cluster: String,
    /// Its name, unique in the cluster.
    pub name: String,
    /// Where it stands.
    pub status: NodeGroupStatus,
    /// How it buys; fixed when it is made.
    pub capacity_type: CapacityType,
    /// Types it may launch; fixed when it is made.
    pub instance_types: Vec<String>,
    /// Subnets it may launch in.
    pub subnet_ids: Vec<String>,
    /// How many nodes.
    pub scaling: Scaling,
    /// ARN of its nodes' IAM role.
    pub node_role: String,
    /// Labels of its nodes beside EKS's own.
    pub labels: Labels,
    /// Taints of its nodes.
    pub taints: Vec<Taint>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The group behind it, once there is one.
    pub auto_scaling_group: Option<String>,
    /// Instances the group holds, those on their way in and out included.
    pub instance_ids: Vec<String>,
    /// What is wrong with it, in the words of EKS, and the launches that failed since the last good one.
    pub issues: Vec<HealthIssue>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl NodeGroup {
    /// It waits for capacity that EC2 does not have.
    pub fn lacks_capacity(&self) -> bool {
        self.issues.iter().any(HealthIssue::is_about_capacity)
    }
}

/// How many nodes a group has: min ≤ desired ≤ max, max at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// Wanted.
    pub desired: u32,
}

impl Scaling {
    /// Exactly `count` wanted, and free to go down to none.
    pub fn of(count: u32) -> Self {
        Self { min: 0, max: count.max(1), desired: count }
    }
}

/// Where a node group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeGroupStatus {
    /// Being made.
    Creating,
    /// In use.
    Active,
    /// Being changed.
    Updating,
    /// In use, with issues.
    Degraded,
    /// Could not be made.
    CreateFailed,
    /// Being deleted.
    Deleting,
    /// Could not be deleted.
    DeleteFailed,
    /// Something this version does not know.
    Unknown,
}

/// Something wrong with a node group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HealthIssue {
    /// EKS's code, or `ScalingActivity` for a failed launch.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl HealthIssue {
    /// EC2 has no such capacity now.
    pub fn is_about_capacity(&self) -> bool {
        self.code == "InstanceLimitExceeded"
            || NO_CAPACITY.iter().any(|code| self.message.contains(code))
    }
}

/// A node group to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNodeGroup {
    /// The cluster.
    pub cluster: String,
    /// Its name: derive it from what it is made for, so that asking twice makes one group.
    pub name: String,
    /// 1 to 20 types of one shape.
    pub instance_types: Vec<String>,
    /// Their architecture, which decides the machine image.
    pub architecture: Architecture,
    /// How to buy.
    pub capacity_type: CapacityType,
    /// Subnets to launch in: one for a group in one zone. See [`AccountClient::subnets`].
    pub subnet_ids: Vec<String>,
    /// Nodes at first.
    pub count: u32,
    /// ARN of the nodes' IAM role, as the cluster's other groups have it.
    pub node_role: String,
    /// Labels for its nodes.
    pub labels: Labels,
    /// Taints for its nodes.
    pub taints: Vec<Taint>,
    /// The plan it is made for; becomes the tag `spot-optimizer:plan`.
    pub plan: String,
}

impl AccountClient {
    /// A cluster's node groups, by name.
    pub async fn node_groups(&self, cluster: &str) -> Result<Vec<NodeGroup>, Error> {
        let mut groups = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_nodegroups().cluster_name(cluster).set_next_token(token);
            let page = self.call("ListNodegroups", request.send()).await?;
            for name in page.nodegroups.unwrap_or_default() {
                match self.describe_node_group(cluster, &name).await {
                    Ok(group) => groups.push(group),
                    Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            token = page.next_token;
            if token.is_none() {
                groups.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(groups);
            }
        }
    }

    /// One node group, with its instances and why it has fewer than it wants.
    ///
    /// EKS itself takes up to half an hour to say that there is no capacity; its Auto Scaling group says
    /// it within seconds, so both are asked.
    pub async fn describe_node_group(&self, cluster: &str, name: &str) -> Result<NodeGroup, Error> {
        let operation = "DescribeNodegroup";
        let request = self.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
        let answer = self.call(operation, request.send()).await?;
        let mut group = answer
            .nodegroup
            .map(node_group)
            .ok_or_else(|| Error::NotFound { operation, message: format!("{cluster}/{name}") })?;
        if let Some(behind) = group.auto_scaling_group.clone() {
            self.add_what_the_group_knows(&mut group, &behind).await?;
        }
        Ok(group)
    }

    /// Makes a node group, or adopts the one there is with the same name and the same machines.
    /// One with the same name and other machines is a [`Error::Conflict`].
    pub async fn create_node_group(&self, new: &NewNodeGroup) -> Result<NodeGroup, Error> {
        let operation = "CreateNodegroup";
        let request = self
            .eks
            .create_nodegroup()
            .cluster_name(&new.cluster)
            .nodegroup_name(&new.name)
            .client_request_token(format!("{}-{}", new.cluster, new.name))
            .set_instance_types(Some(new.instance_types.clone()))
            .ami_type(ami_type(new.architecture))
            .capacity_type(capacity_type(new.capacity_type))
            .set_subnets(Some(new.subnet_ids.clone()))
            .scaling_config(scaling_config(Scaling::of(new.count)))
            .node_role(&new.node_role)
            .set_labels(Some(new.labels.clone().into_iter().collect()))
            .set_taints(Some(new.taints.iter().map(eks_taint).collect()))
            .tags(PLAN_TAG, &new.plan);
        let there = match self.call(operation, request.send()).await {
            Ok(answer) => answer.nodegroup.map(node_group).ok_or_else(|| Error::Invalid {
                operation,
                message: "the answer has no node group".into(),
            }),
            // The name is taken, or the token made of it: look who has it.
            Err(refused @ (Error::Conflict { .. } | Error::Invalid { .. })) => {
                match self.describe_node_group(&new.cluster, &new.name).await {
                    Err(Error::NotFound { .. }) => Err(refused),
                    other => other,
                }
            }
            Err(error) => Err(error),
        }?;
        if is_what_was_asked(&there, new) {
            return Ok(there);
        }
        let message = format!("{} is there with other machines, or is being deleted", new.name);
        Err(Error::Conflict { operation, message })
    }

    /// Sets how many nodes a group has.
    pub async fn scale_node_group(
        &self,
        cluster: &str,
        name: &str,
        scaling: Scaling,
    ) -> Result<(), Error> {
        let request = self
            .eks
            .update_nodegroup_config()
            .cluster_name(cluster)
            .nodegroup_name(name)
            .scaling_config(scaling_config(scaling));
        self.call("UpdateNodegroupConfig", request.send()).await?;
        Ok(())
    }

    /// Deletes a node group with its nodes. Absent, or on its way out, is done.
    pub async fn delete_node_group(&self, cluster: &str, name: &str) -> Result<(), Error> {
        let request = self.eks.delete_nodegroup().cluster_name(cluster).nodegroup_name(name);
        match self.call("DeleteNodegroup", request.send()).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(Error::Conflict { operation, message }) => {
                match self.describe_node_group(cluster, name).await {
                    Err(Error::NotFound { .. }) => Ok(()),
                    Ok(group) if group.status == NodeGroupStatus::Deleting => Ok(()),
                    Ok(_) => Err(Error::Conflict { operation, message }),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// An Auto Scaling group.
    pub(crate) async fn auto_scaling_group(&self, name: &str) -> Result<AutoScalingGroup, Error> {
        let operation = "DescribeAutoScalingGroups";
        let request =
            self.auto_scaling.describe_auto_scaling_groups().auto_scaling_group_names(name);
        let answer = self.call(operation, request.send()).await?;
        let group = answer.auto_scaling_groups.unwrap_or_default().into_iter().next();
        group.ok_or_else(|| Error::NotFound { operation, message: name.to_owned() })
    }

    async fn add_what_the_group_knows(
        &self,
        group: &mut NodeGroup,
        behind: &str,
    ) -> Result<(), Error> {
        let auto_scaling = match self.auto_scaling_group(behind).await {
            Err(Error::NotFound { .. }) => return Ok(()),
            other => other?,
        };
        let instances = auto_scaling.instances.unwrap_or_default();
        group.instance_ids = instances.into_iter().filter_map(|one| one.instance_id).collect();
        group.instance_ids.sort();
        // EKS learns only later what Auto Scaling has been told.
        group.scaling.min = size(auto_scaling.min_size);
        group.scaling.desired = size(auto_scaling.desired_capacity);
        if group.instance_ids.len() < group.scaling.desired as usize {
            let request = self
                .auto_scaling
                .describe_scaling_activities()
                .auto_scaling_group_name(behind)
                .max_records(20);
            let answer = self.call("DescribeScalingActivities", request.send()).await?;
            group.issues.extend(failed_launches(answer.activities.unwrap_or_default()));
        }
        Ok(())
    }
}

/// The launches that failed since the last good one; the list is newest first.
fn failed_launches(activities: Vec<Activity>) -> BTreeSet<HealthIssue> {
    activities
        .into_iter()
        .take_while(|one| one.status_code == Some(ScalingActivityStatusCode::Failed))
        .map(|one| HealthIssue {
            code: "ScalingActivity".into(),
            message: one.status_message.unwrap_or_default(),
        })
        .collect()
}

fn is_what_was_asked(there: &NodeGroup, new: &NewNodeGroup) -> bool {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    set(&there.instance_types) == set(&new.instance_types)
        && set(&there.subnet_ids) == set(&new.subnet_ids)
        && there.capacity_type == new.capacity_type
        && there.labels == new.labels
        && there.status != NodeGroupStatus::Deleting
}

fn node_group(eks: eks::Nodegroup) -> NodeGroup {
    let scaling = eks.scaling_config;
    let groups = eks.resources.and_then(|resources| resources.auto_scaling_groups);
    NodeGroup {
        cluster: eks.cluster_name.unwrap_or_default(),
        name: eks.nodegroup_name.unwrap_or_default(),
        status: eks.status.as_ref().map_or(NodeGroupStatus::Unknown, status),
        capacity_type: match eks.capacity_type {
            Some(eks::CapacityTypes::Spot) => CapacityType::Spot,
            _ => CapacityType::OnDemand,
        },
        instance_types: eks.instance_types.unwrap_or_default(),
        subnet_ids: eks.subnets.unwrap_or_default(),
        scaling: Scaling {
            min: size(scaling.as_ref().and_then(|scaling| scaling.min_size)),
            max: size(scaling.as_ref().and_then(|scaling| scaling.max_size)),
            desired: size(scaling.as_ref().and_then(|scaling| scaling.desired_size)),
        },
        node_role: eks.node_role.unwrap_or_default(),
        labels: eks.labels.unwrap_or_default().into_iter().collect(),
        taints: eks.taints.unwrap_or_default().into_iter().filter_map(domain_taint).collect(),
        tags: eks.tags.unwrap_or_default().into_iter().collect(),
        auto_scaling_group: groups.and_then(|groups| groups.into_iter().next()?.name),
        instance_ids: Vec::new(),
        issues: issues(eks.health),
        created_at: eks.created_at.and_then(timestamp),
    }
}

fn issues(health: Option<eks::NodegroupHealth>) -> Vec<HealthIssue> {
    let issues = health.and_then(|health| health.issues).unwrap_or_default();
    let issue = |issue: eks::Issue| HealthIssue {
        code: issue.code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
        message: issue.message.unwrap_or_default(),
    };
    issues.into_iter().map(issue).collect()
}

fn status(status: &eks::NodegroupStatus) -> NodeGroupStatus {
    match status {
        eks::NodegroupStatus::Creating => NodeGroupStatus::Creating,
        eks::NodegroupStatus::Active => NodeGroupStatus::Active,
        eks::NodegroupStatus::Updating => NodeGroupStatus::Updating,
        eks::NodegroupStatus::Degraded => NodeGroupStatus::Degraded,
        eks::NodegroupStatus::CreateFailed => NodeGroupStatus::CreateFailed,
        eks::NodegroupStatus::Deleting => NodeGroupStatus::Deleting,
        eks::NodegroupStatus::DeleteFailed => NodeGroupStatus::DeleteFailed,
        _ => NodeGroupStatus::Unknown,
    }
}

fn ami_type(architecture: Architecture) -> eks::AmiTypes {
    match architecture {
        Architecture::Amd64 => eks::AmiTypes::Al2023X8664Standard,
        Architecture::Arm64 => eks::AmiTypes::Al2023Arm64Standard,
    }
}

fn capacity_type(capacity_type: CapacityType) -> eks::CapacityTypes {
    match capacity_type {
        CapacityType::Spot => eks::CapacityTypes::Spot,
        CapacityType::OnDemand => eks::CapacityTypes::OnDemand,
    }
}

fn scaling_config(scaling: Scaling) -> eks::NodegroupScalingConfig {
    eks::NodegroupScalingConfig::builder()
        .min_size(scaling.min as i32)
        .max_size(scaling.max as i32)
        .desired_size(scaling.desired as i32)
        .build()
}

fn eks_taint(taint: &Taint) -> eks::Taint {
    let effect = match taint.effect {
        TaintEffect::NoSchedule => eks::TaintEffect::NoSchedule,
        TaintEffect::PreferNoSchedule => eks::TaintEffect::PreferNoSchedule,
        TaintEffect::NoExecute => eks::TaintEffect::NoExecute,
    };
    eks::Taint::builder().key(&taint.key).value(&taint.value).effect(effect).build()
}

fn domain_taint(taint: eks::Taint) -> Option<Taint> {
    let effect = match taint.effect? {
        eks::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        eks::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        eks::TaintEffect::NoExecute => TaintEffect::NoExecute,
        _ => return None,
    };
    Some(Taint { key: taint.key?, value: taint.value.unwrap_or_default(), effect })
}

fn size(count: Option<i32>) -> u32 {
    count.unwrap_or(0).max(0).unsigned_abs()
}
