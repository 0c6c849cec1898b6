//! EKS: clusters and managed node groups.

use super::machines::{members, token_scope};
use super::state::{Account, AwsState, Cluster, Instance, NodeGroup};
use super::wire::{AwsError, Request, json, page};
use super::{Answer, Call};
use domain::audit::hex;
use domain::offering::CapacityType;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json as value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How long EKS hopes before it says that a group could not be made. The real one takes up to half an hour.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What method and path mean.
pub(super) fn operation(request: &Request) -> Option<&'static str> {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["clusters"]) => Some("ListClusters"),
        ("GET", ["clusters", _]) => Some("DescribeCluster"),
        ("GET", ["clusters", _, "node-groups"]) => Some("ListNodegroups"),
        ("POST", ["clusters", _, "node-groups"]) => Some("CreateNodegroup"),
        ("GET", ["clusters", _, "node-groups", _]) => Some("DescribeNodegroup"),
        ("DELETE", ["clusters", _, "node-groups", _]) => Some("DeleteNodegroup"),
        ("POST", ["clusters", _, "node-groups", _, "update-config"]) => {
            Some("UpdateNodegroupConfig")
        }
        _ => None,
    }
}

pub(super) fn answer(state: &mut AwsState, account: &str, call: &Call<'_>) -> Answer {
    let segments = call.request.segments();
    let segment = |at: usize| segments.get(at).cloned().unwrap_or_default();
    let key = (segment(1), segment(3));
    match operation(call.request) {
        Some("ListClusters") => list_clusters(state, account, call),
        Some("DescribeCluster") => {
            let cluster = cluster(state, account, call, &key.0)?;
            Ok(json(&value!({"cluster": cluster_json(account, &key.0, cluster)})))
        }
        Some("ListNodegroups") => list_node_groups(state, account, call, &key.0),
        Some("CreateNodegroup") => create(state, account, call, &key.0),
        Some("DescribeNodegroup") => describe(state, account, call, &key),
        Some("DeleteNodegroup") => delete(state, account, call, &key),
        Some("UpdateNodegroupConfig") => update(state, account, call, &key),
        _ => Err(AwsError::new(404, "UnknownOperationException", "not simulated")),
    }
}

fn list_clusters(state: &AwsState, account: &str, call: &Call<'_>) -> Answer {
    let clusters = &owner(state, account)?.clusters;
    let here = clusters.iter().filter(|(_, cluster)| cluster.region == call.region);
    let names: Vec<&String> = here.map(|(name, _)| name).collect();
    names_page(state, call, "clusters", names)
}

fn list_node_groups(state: &AwsState, account: &str, call: &Call<'_>, name: &str) -> Answer {
    cluster(state, account, call, name)?;
    let groups = owner(state, account)?.node_groups.keys();
    let names = groups.filter(|(cluster, _)| cluster == name).map(|(_, group)| group).collect();
    names_page(state, call, "nodegroups", names)
}

fn names_page(state: &AwsState, call: &Call<'_>, field: &str, names: Vec<&String>) -> Answer {
    let query = call.request.query_parameters();
    let asked = query.get("maxResults").and_then(|size| size.parse().ok());
    let token = query.get("nextToken").map(String::as_str);
    let (names, next) = page(names, token, state.page_size(asked, 100))?;
    Ok(json(&value!({ field: names, "nextToken": next })))
}

fn create(state: &mut AwsState, account: &str, call: &Call<'_>, cluster_name: &str) -> Answer {
    cluster(state, account, call, cluster_name)?;
    let body = call.request.json();
    let group = parse(owner(state, account)?, cluster_name, &body, call.now)?;
    let key = (group.cluster.clone(), group.name.clone());
    let token = body["clientRequestToken"].as_str().unwrap_or_default();
    let token = format!("{}{token}", token_scope(&key.0, &key.1));
    let digest = digest(&body);
    let owner = owner_mut(state, account)?;
    if owner.node_groups.contains_key(&key) {
        match owner.tokens.get(&token) {
            Some(before) if *before == digest => return describe(state, account, call, &key),
            Some(_) => {
                let message = "The client request token was already used with other parameters";
                return Err(AwsError::new(400, "InvalidRequestException", message));
            }
            None => {
                let message = format!(
                    "NodeGroup already exists with name {} and cluster name {}",
                    key.1, key.0
                );
                return Err(AwsError::new(409, "ResourceInUseException", message));
            }
        }
    }
    owner.tokens.insert(token, digest);
    owner.node_groups.insert(key.clone(), group);
    state.reconcile(account, &key, call.now);
    describe(state, account, call, &key)
}

fn parse(
    owner: &Account,
    cluster: &str,
    body: &Value,
    now: Timestamp,
) -> Result<NodeGroup, AwsError> {
    let invalid = |message: String| AwsError::new(400, "InvalidParameterException", message);
    let text = |field: &str| {
        let found = body[field].as_str().filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| invalid(format!("{field} is required")))
    };
    let texts = |field: &str| -> Vec<String> {
        let items = body[field].as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let map = |field: &str| -> BTreeMap<String, String> {
        serde_json::from_value(body[field].clone()).unwrap_or_default()
    };
    let (subnets, instance_types) = (texts("subnets"), texts("instanceTypes"));
    if let Some(unknown) = subnets.iter().find(|id| !owner.subnets.contains_key(*id)) {
        return Err(invalid(format!("The subnet ID '{unknown}' does not exist")));
    }
    if subnets.is_empty() {
        return Err(invalid("subnets is required".into()));
    }
    if instance_types.is_empty() || instance_types.len() > 20 {
        return Err(invalid("between 1 and 20 instanceTypes".into()));
    }
    let known = cloud::catalog::types();
    if let Some(unknown) = instance_types.iter().find(|name| !known.contains_key(*name)) {
        return Err(invalid(format!("[{unknown}] is not a valid instance type")));
    }
    let (min, max, desired) = scaling(&body["scalingConfig"], (0, 2, 1))?;
    Ok(NodeGroup {
        cluster: cluster.to_owned(),
        name: text("nodegroupName")?,
        capacity_type: match body["capacityType"].as_str() {
            Some("SPOT") => CapacityType::Spot,
            _ => CapacityType::OnDemand,
        },
        instance_types,
        ami_type: body["amiType"].as_str().unwrap_or("AL2023_x86_64_STANDARD").to_owned(),
        subnets,
        min,
        max,
        desired,
        node_role: text("nodeRole")?,
        labels: map("labels"),
        taints: body["taints"].as_array().cloned().unwrap_or_default(),
        tags: map("tags"),
        created_at: now,
        complete: false,
        deleting: false,
        failures: Vec::new(),
        retry_at: None,
    })
}

fn scaling(config: &Value, before: (u32, u32, u32)) -> Result<(u32, u32, u32), AwsError> {
    let read = |field: &str, before: u32| match config[field].as_i64() {
        None => Ok(before),
        Some(size) => u32::try_from(size).map_err(|_| field.to_owned()),
    };
    let read = || -> Result<_, String> {
        let min = read("minSize", before.0)?;
        let max = read("maxSize", before.1)?;
        let desired = read("desiredSize", before.2)?;
        match (min <= desired, desired <= max, max > 0) {
            (true, true, true) => Ok((min, max, desired)),
            _ => Err(format!("minSize {min}, desiredSize {desired}, maxSize {max}")),
        }
    };
    read().map_err(|what| {
        AwsError::new(400, "InvalidParameterException", format!("not a valid scaling: {what}"))
    })
}

fn update(state: &mut AwsState, account: &str, call: &Call<'_>, key: &(String, String)) -> Answer {
    cluster(state, account, call, &key.0)?;
    let group = owner_mut(state, account)?.node_groups.get_mut(key).ok_or_else(|| no_group(key))?;
    if group.deleting {
        return Err(AwsError::new(409, "ResourceInUseException", "Nodegroup is being deleted"));
    }
    let body = call.request.json();
    let before = (group.min, group.max, group.desired);
    (group.min, group.max, group.desired) = scaling(&body["scalingConfig"], before)?;
    state.reconcile(account, key, call.now);
    let now = epoch(call.now);
    Ok(json(&value!({"update": {
        "id": "00000000-0000-4000-8000-000000000000",
        "status": "InProgress",
        "type": "ConfigUpdate",
        "createdAt": now,
    }})))
}

fn delete(state: &mut AwsState, account: &str, call: &Call<'_>, key: &(String, String)) -> Answer {
    cluster(state, account, call, &key.0)?;
    let group = owner_mut(state, account)?.node_groups.get_mut(key).ok_or_else(|| no_group(key))?;
    if group.deleting {
        return Err(AwsError::new(409, "ResourceInUseException", "Nodegroup is being deleted"));
    }
    group.deleting = true;
    // A group that never had an instance is gone at once; the answer still shows it.
    let answer = describe(state, account, call, key);
    state.reconcile(account, key, call.now);
    answer
}

fn describe(state: &AwsState, account: &str, call: &Call<'_>, key: &(String, String)) -> Answer {
    cluster(state, account, call, &key.0)?;
    let owner = owner(state, account)?;
    let group = owner.node_groups.get(key).ok_or_else(|| no_group(key))?;
    let arn = format!(
        "arn:aws:eks:{}:{account}:nodegroup/{}/{}/simulated",
        call.region, group.cluster, group.name
    );
    let status = status(group, &owner.instances, call.now);
    let failing = matches!(status, "CREATE_FAILED" | "DEGRADED");
    let issues: Vec<Value> = group
        .failures
        .last()
        .filter(|_| failing)
        .map(|failure| {
            let about = [group.auto_scaling_group()];
            value!({"code": "AsgInstanceLaunchFailures", "message": failure.message, "resourceIds": about})
        })
        .into_iter()
        .collect();
    Ok(json(&value!({"nodegroup": {
        "nodegroupName": group.name,
        "nodegroupArn": arn,
        "clusterName": group.cluster,
        "createdAt": epoch(group.created_at),
        "status": status,
        "capacityType": match group.capacity_type {
            CapacityType::Spot => "SPOT",
            CapacityType::OnDemand => "ON_DEMAND",
        },
        "scalingConfig": {
            "minSize": group.min, "maxSize": group.max, "desiredSize": group.desired
        },
        "instanceTypes": group.instance_types,
        "subnets": group.subnets,
        "amiType": group.ami_type,
        "nodeRole": group.node_role,
        "labels": group.labels,
        "taints": group.taints,
        "tags": group.tags,
        "resources": {"autoScalingGroups": [{"name": group.auto_scaling_group()}]},
        "health": {"issues": issues},
    }})))
}

/// EKS's word for where a group stands.
fn status(
    group: &NodeGroup,
    instances: &BTreeMap<String, Instance>,
    now: Timestamp,
) -> &'static str {
    let there = members(instances, group).filter(|(_, it)| it.is_live() && it.joined).count();
    let missing = there < group.desired as usize;
    match (group.deleting, group.complete || group.desired == 0, group.failures.is_empty()) {
        (true, ..) => "DELETING",
        (false, true, false) if missing => "DEGRADED",
        (false, true, _) => "ACTIVE",
        (false, false, false) if now >= group.created_at + PATIENCE => "CREATE_FAILED",
        (false, false, _) => "CREATING",
    }
}

fn cluster_json(account: &str, name: &str, cluster: &Cluster) -> Value {
    let region = &cluster.region;
    value!({
        "name": name,
        "arn": format!("arn:aws:eks:{region}:{account}:cluster/{name}"),
        "createdAt": epoch(cluster.created_at),
        "version": cluster.version,
        "endpoint": format!("https://{name}.simulated.{region}.eks.amazonaws.com"),
        "roleArn": format!("arn:aws:iam::{account}:role/{name}-cluster"),
        "resourcesVpcConfig": {"subnetIds": cluster.subnets},
        "status": "ACTIVE",
        "tags": cluster.tags,
    })
}

fn cluster<'a>(
    state: &'a AwsState,
    account: &str,
    call: &Call<'_>,
    name: &str,
) -> Result<&'a Cluster, AwsError> {
    let found = owner(state, account)?.clusters.get(name);
    found.filter(|cluster| cluster.region == call.region).ok_or_else(|| {
        let message = format!("No cluster found for name: {name}.");
        AwsError::new(404, "ResourceNotFoundException", message)
    })
}

fn no_group(key: &(String, String)) -> AwsError {
    let message = format!("No node group found for name: {}.", key.1);
    AwsError::new(404, "ResourceNotFoundException", message)
}

fn owner<'a>(state: &'a AwsState, account: &str) -> Result<&'a Account, AwsError> {
    state.accounts.get(account).ok_or_else(|| AwsError::denied("eks", "no such account"))
}

fn owner_mut<'a>(state: &'a mut AwsState, account: &str) -> Result<&'a mut Account, AwsError> {
    state.accounts.get_mut(account).ok_or_else(|| AwsError::denied("eks", "no such account"))
}

fn digest(body: &Value) -> String {
    hex(&Sha256::digest(body.to_string())[..8])
}

fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
