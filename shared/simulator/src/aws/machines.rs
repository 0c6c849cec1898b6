//! What happens by itself as time passes: node groups launch and replace, instances boot, join, are
//! taken back and end.

use super::market::{capacity_of, hash, lifetime};
use super::state::{AwsState, BOOT, FailedLaunch, Instance, JOIN, NOTICE, NodeGroup, SHUT_DOWN};
use domain::offering::{CapacityType, Pool};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long a group waits after a failed launch.
const RETRY: SignedDuration = SignedDuration::from_secs(60);

/// Something the cluster of an instance gets to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The cluster's name.
    pub cluster: String,
    /// The instance.
    pub instance_id: String,
    /// What.
    pub kind: EventKind,
}

/// What a cluster gets to know of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// It registers as a node.
    Joined(Box<JoiningNode>),
    /// EC2 takes it back at that time.
    InterruptionNotice(Timestamp),
    /// It is gone, with all that ran on it.
    Gone,
}

/// A node about to register.
#[derive(Debug, Clone, PartialEq)]
pub struct JoiningNode {
    /// The Node object's name.
    pub name: String,
    /// Type, zone and how it is bought.
    pub pool: Pool,
    /// Its node group's name.
    pub node_group: String,
    /// The group's labels.
    pub labels: BTreeMap<String, String>,
    /// The group's taints, as EKS writes them.
    pub taints: Vec<serde_json::Value>,
}

/// The next thing to happen to an account.
#[derive(Debug)]
enum Due {
    Join(String),
    Notice(String),
    Reclaim(String),
    Leave(String),
    Launch((String, String)),
    Vanish((String, String)),
}

impl AwsState {
    /// Lets time pass up to and including `now`; what clusters get to know comes back in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((at, account, due)) = self.next_due().filter(|(at, ..)| *at <= now) {
            self.happen(at, &account, due, &mut events);
        }
        events
    }

    /// EC2 gives notice to a Spot instance now: it is taken back 120 s later.
    pub fn interrupt(&mut self, instance_id: &str, now: Timestamp) -> bool {
        let mut instances = self.accounts.values_mut().flat_map(|it| &mut it.instances);
        let found = instances.find(|(id, _)| *id == instance_id).map(|(_, instance)| instance);
        match found {
            Some(it) if it.pool.capacity_type == CapacityType::Spot && it.is_live() => {
                it.notice_at = Some(now);
                true
            }
            _ => false,
        }
    }

    fn next_due(&self) -> Option<(Timestamp, String, Due)> {
        let of_account = |(id, account): (&String, &super::Account)| {
            let instances = account.instances.iter().filter_map(|(id, it)| next_of(id, it));
            let groups = account.node_groups.iter().filter_map(|(key, group)| {
                if group.deleting {
                    let members = members(&account.instances, group);
                    let end = members.map(|(_, it)| it.shut_at.map(|at| at + SHUT_DOWN));
                    let last = end.max().unwrap_or(Some(group.created_at))?;
                    return Some((last, Due::Vanish(key.clone())));
                }
                Some((group.retry_at?, Due::Launch(key.clone())))
            });
            let next = instances.chain(groups).min_by_key(|(at, _)| *at)?;
            Some((next.0, id.clone(), next.1))
        };
        self.accounts.iter().filter_map(of_account).min_by_key(|(at, ..)| *at)
    }

    fn happen(&mut self, at: Timestamp, account: &str, due: Due, events: &mut Vec<Event>) {
        let Some(owner) = self.accounts.get_mut(account) else { return };
        match due {
            Due::Launch(key) => self.reconcile(account, &key, at),
            Due::Vanish(key) => {
                owner.node_groups.remove(&key);
                // The name is free again, and so is the token made of it.
                owner.tokens.retain(|token, _| !token.starts_with(&token_scope(&key.0, &key.1)));
            }
            Due::Join(id) => {
                let Some(instance) = owner.instances.get_mut(&id) else { return };
                instance.joined = true;
                let instance = instance.clone();
                let key = (instance.cluster.clone(), instance.node_group.clone());
                let Some(group) = owner.node_groups.get_mut(&key) else { return };
                let mine = owner.instances.values();
                let up = mine.filter(|it| it.joined && it.is_live() && is_of(it, group)).count();
                group.complete |= up >= group.desired as usize;
                let node = Box::new(joining(&instance, group));
                events.push(event(at, id, &instance, EventKind::Joined(node)));
            }
            Due::Notice(id) => {
                let Some(instance) = owner.instances.get_mut(&id) else { return };
                instance.noticed = true;
                let kind = EventKind::InterruptionNotice(at + NOTICE);
                events.push(event(at, id, &instance.clone(), kind));
            }
            Due::Reclaim(id) => {
                let Some(instance) = owner.instances.get_mut(&id) else { return };
                instance.shut_at = Some(at);
                instance.reclaimed = true;
                let key = (instance.cluster.clone(), instance.node_group.clone());
                self.reconcile(account, &key, at);
            }
            Due::Leave(id) => {
                let Some(instance) = owner.instances.get_mut(&id) else { return };
                instance.left = true;
                if instance.joined {
                    events.push(event(at, id, &instance.clone(), EventKind::Gone));
                }
            }
        }
    }

    /// Launches or terminates until a group has what it wants, as far as there is capacity.
    pub(super) fn reconcile(&mut self, account: &str, key: &(String, String), at: Timestamp) {
        let Some(owner) = self.accounts.get_mut(account) else { return };
        let Some(group) = owner.node_groups.get_mut(key) else { return };
        group.retry_at = None;
        let wanted = if group.deleting { 0 } else { group.desired as usize };
        let live: Vec<String> = members(&owner.instances, group)
            .filter(|(_, instance)| instance.is_live())
            .map(|(id, _)| id.clone())
            .collect();
        for id in live.iter().take(live.len().saturating_sub(wanted)) {
            if let Some(instance) = owner.instances.get_mut(id) {
                instance.shut_at = Some(at);
            }
        }
        for _ in live.len()..wanted {
            if !self.launch(account, key, at) {
                break;
            }
        }
    }

    /// Launches one instance for a group; false when no pool it may use has room.
    fn launch(&mut self, account: &str, key: &(String, String), at: Timestamp) -> bool {
        let Some(group) = self.accounts.get(account).and_then(|it| it.node_groups.get(key)) else {
            return false;
        };
        let group = group.clone();
        let chosen = self.choose_pool(account, &group);
        let id = format!("i-0{:016x}", hash(self.seed, &["instance"], self.launched as i64));
        let ends = chosen.as_ref().filter(|_| self.natural_interruptions).and_then(|(pool, _)| {
            let spot = pool.capacity_type == CapacityType::Spot;
            lifetime(self, pool, &id).filter(|_| spot)
        });
        let private_ip = chosen.as_ref().map(|_| self.next_private_ip()).unwrap_or_default();
        let Some(owner) = self.accounts.get_mut(account) else { return false };
        let Some(group) = owner.node_groups.get_mut(key) else { return false };
        let Some((pool, subnet)) = chosen else {
            group.failures.push(FailedLaunch { at, message: no_capacity(group) });
            group.retry_at = Some(at + RETRY);
            return false;
        };
        group.failures.clear();
        let instance = Instance {
            pool,
            subnet,
            cluster: group.cluster.clone(),
            node_group: group.name.clone(),
            private_ip,
            launched_at: at,
            notice_at: ends.map(|seconds| at + SignedDuration::from_secs(seconds)),
            shut_at: None,
            reclaimed: false,
            joined: false,
            noticed: false,
            left: false,
        };
        owner.instances.insert(id, instance);
        true
    }

    /// Where the next instance of a group goes: on-demand the first type there is room for, Spot the pool
    /// with the most room; among zones the one with the fewest of the group's instances.
    fn choose_pool(&self, account: &str, group: &NodeGroup) -> Option<(Pool, String)> {
        let owner = self.accounts.get(account)?;
        let mut options = Vec::new();
        for (order, instance_type) in group.instance_types.iter().enumerate() {
            for subnet in &group.subnets {
                let Some(zone) = owner.subnets.get(subnet).map(|it| it.zone.clone()) else {
                    continue;
                };
                let in_zone = members(&owner.instances, group)
                    .filter(|(_, it)| it.is_live() && it.pool.zone == zone)
                    .count();
                let instance_type = instance_type.clone();
                let pool = Pool { instance_type, zone, capacity_type: group.capacity_type };
                let room = self.room(&pool);
                if room == 0 {
                    continue;
                }
                let rank = match group.capacity_type {
                    CapacityType::OnDemand => (order, in_zone, 0),
                    CapacityType::Spot => (0, in_zone, u32::MAX - room),
                };
                options.push((rank, pool, subnet.clone()));
            }
        }
        let best = options.into_iter().min_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)))?;
        Some((best.1, best.2))
    }

    /// The address of the next instance; counts it.
    pub(super) fn next_private_ip(&mut self) -> String {
        self.launched += 1;
        format!("10.0.{}.{}", self.launched / 250 % 250, self.launched % 250 + 4)
    }

    fn room(&self, pool: &Pool) -> u32 {
        let instances = self.accounts.values().flat_map(|it| it.instances.values());
        let used = instances.filter(|it| it.is_live() && it.pool == *pool).count();
        capacity_of(self, pool).saturating_sub(used as u32)
    }
}

/// What all client tokens of a group begin with.
pub(super) fn token_scope(cluster: &str, group: &str) -> String {
    format!("{cluster}/{group}/")
}

/// The instances of a group, those long gone included, oldest first.
pub(super) fn members<'a>(
    instances: &'a BTreeMap<String, Instance>,
    group: &NodeGroup,
) -> impl Iterator<Item = (&'a String, &'a Instance)> {
    let mut mine: Vec<_> = instances.iter().filter(|(_, it)| is_of(it, group)).collect();
    mine.sort_by_key(|(id, it)| (it.launched_at, *id));
    mine.into_iter()
}

/// Whether an instance is of this group, and not of an earlier one with its name.
fn is_of(instance: &Instance, group: &NodeGroup) -> bool {
    instance.cluster == group.cluster
        && instance.node_group == group.name
        && instance.launched_at >= group.created_at
}

fn next_of(id: &str, instance: &Instance) -> Option<(Timestamp, Due)> {
    if instance.left {
        return None;
    }
    if let Some(at) = instance.shut_at {
        return Some((at, Due::Leave(id.to_owned())));
    }
    let join = (instance.launched_at + BOOT + JOIN, Due::Join(id.to_owned()));
    let notice = instance.notice_at.map(|at| (at, Due::Notice(id.to_owned())));
    let reclaim = instance.reclaim_at().map(|at| (at, Due::Reclaim(id.to_owned())));
    let join = Some(join).filter(|_| !instance.joined);
    let end = if instance.noticed { reclaim } else { notice };
    join.into_iter().chain(end).min_by_key(|(at, _)| *at)
}

fn event(at: Timestamp, instance_id: String, instance: &Instance, kind: EventKind) -> Event {
    Event { at, cluster: instance.cluster.clone(), instance_id, kind }
}

fn joining(instance: &Instance, group: &NodeGroup) -> JoiningNode {
    JoiningNode {
        name: instance.private_dns_name(),
        pool: instance.pool.clone(),
        node_group: group.name.clone(),
        labels: group.labels.clone(),
        taints: group.taints.clone(),
    }
}

/// What Auto Scaling says when there is no capacity.
fn no_capacity(group: &NodeGroup) -> String {
    match group.capacity_type {
        CapacityType::OnDemand => format!(
            "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have \
             sufficient {} capacity in the Availability Zone you requested. Launching EC2 instance failed.",
            group.instance_types.join(", ")
        ),
        CapacityType::Spot => {
            "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill \
             capacity due to your request configuration. Please adjust your request and try again. \
             Launching EC2 instance failed."
                .to_owned()
        }
    }
}
