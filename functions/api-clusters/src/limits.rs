//! Parts of a policy that are lists: limits on single workloads, disruption budgets, windows.

use domain::plan::ReasonKind;
use domain::policy::{Budget, Nodes, WorkloadPolicy};
use domain::window::{Day, MOST_MINUTES, Window};
use garde::Validate;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Hours of the week.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Window)]
pub(crate) struct WindowView {
    /// Days on which it opens; empty is every day.
    #[garde(skip)]
    #[serde(default)]
    pub days: BTreeSet<DayView>,
    /// Local time at which it opens, `22:00`.
    #[garde(custom(time_of_day))]
    pub start: String,
    /// For how long it stays open, minutes.
    #[garde(range(min = 1, max = MOST_MINUTES))]
    pub duration_minutes: u32,
    /// IANA time zone such as `Europe/Berlin`.
    #[garde(custom(known_zone))]
    pub zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Day)]
pub(crate) enum DayView {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A limit on drains, as Karpenter's disruption budgets.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Budget)]
pub(crate) struct BudgetView {
    /// Most nodes drained within ten minutes: a number, or a percentage such as `10%`. `0` forbids drains.
    #[garde(custom(number_or_percent))]
    pub nodes: String,
    /// When it holds; absent is always.
    #[garde(dive)]
    #[serde(default)]
    pub window: Option<WindowView>,
    /// For commands of which reasons; empty is all.
    #[garde(skip)]
    #[serde(default)]
    pub reasons: BTreeSet<DisruptionReason>,
}

/// Why a command disrupts nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisruptionReason {
    /// The nodes run nothing that could not go elsewhere at once.
    Empty,
    /// Fewer or smaller nodes hold the same pods.
    Consolidation,
    /// The same capacity is cheaper as Spot.
    Spot,
    /// Less risk, or within a cap that is broken now.
    Diversification,
}

/// What is asked of some workloads in place of the cluster's.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkloadPolicy)]
pub(crate) struct WorkloadPolicyView {
    /// Which namespace; absent is any.
    #[garde(inner(length(min = 1, max = 63)))]
    #[serde(default)]
    pub namespace: Option<String>,
    /// Which kind, such as `Deployment`; absent is any.
    #[garde(inner(length(min = 1, max = 63)))]
    #[serde(default)]
    pub kind: Option<String>,
    /// Which name; absent is any.
    #[garde(inner(length(min = 1, max = 253)))]
    #[serde(default)]
    pub name: Option<String>,
    /// Most of its replicas above the base that may be on Spot, percent.
    #[garde(range(max = 100))]
    #[serde(default)]
    pub spot_percent: Option<u8>,
    /// Replicas that stay on-demand.
    #[garde(skip)]
    #[serde(default)]
    pub on_demand_base: Option<u32>,
}

fn time_of_day(text: &str, _: &()) -> garde::Result {
    parse_time(text).map(|_| ()).ok_or_else(|| garde::Error::new("expected a time such as 22:00"))
}

fn parse_time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

fn known_zone(name: &str, _: &()) -> garde::Result {
    match TimeZone::get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(garde::Error::new("no such time zone; expected one such as Europe/Berlin")),
    }
}

fn number_or_percent(text: &str, _: &()) -> garde::Result {
    let why = "expected a number of nodes such as 2, or a percentage such as 10%";
    parse_nodes(text).map(|_| ()).ok_or_else(|| garde::Error::new(why))
}

fn parse_nodes(text: &str) -> Option<Nodes> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent| *percent <= 100).map(Nodes::Percent),
        None => text.parse().ok().map(Nodes::Count),
    }
}

const DAYS: [(DayView, Day); 7] = [
    (DayView::Monday, Day::Monday),
    (DayView::Tuesday, Day::Tuesday),
    (DayView::Wednesday, Day::Wednesday),
    (DayView::Thursday, Day::Thursday),
    (DayView::Friday, Day::Friday),
    (DayView::Saturday, Day::Saturday),
    (DayView::Sunday, Day::Sunday),
];

impl From<&Window> for WindowView {
    fn from(window: &Window) -> Self {
        Self {
            days: DAYS.iter().filter(|day| window.days.contains(&day.1)).map(|day| day.0).collect(),
            start: window.start.strftime("%H:%M").to_string(),
            duration_minutes: window.duration_minutes,
            zone: window.zone.clone(),
        }
    }
}

impl From<&WindowView> for Window {
    fn from(window: &WindowView) -> Self {
        Self {
            days: DAYS.iter().filter(|day| window.days.contains(&day.0)).map(|day| day.1).collect(),
            // Checked when the body was read.
            start: parse_time(&window.start).unwrap_or_default(),
            duration_minutes: window.duration_minutes,
            zone: window.zone.clone(),
        }
    }
}

impl From<&Budget> for BudgetView {
    fn from(budget: &Budget) -> Self {
        let reason = |reason: &ReasonKind| match reason {
            ReasonKind::Empty => Some(DisruptionReason::Empty),
            ReasonKind::Consolidation => Some(DisruptionReason::Consolidation),
            ReasonKind::Spot => Some(DisruptionReason::Spot),
            ReasonKind::Diversification => Some(DisruptionReason::Diversification),
            // It drains nothing.
            ReasonKind::Provisioning => None,
        };
        Self {
            nodes: match budget.nodes {
                Nodes::Count(count) => count.to_string(),
                Nodes::Percent(percent) => format!("{percent}%"),
            },
            window: budget.window.as_ref().map(Into::into),
            reasons: budget.reasons.iter().filter_map(reason).collect(),
        }
    }
}

impl From<&BudgetView> for Budget {
    fn from(budget: &BudgetView) -> Self {
        let reason = |reason: &DisruptionReason| match reason {
            DisruptionReason::Empty => ReasonKind::Empty,
            DisruptionReason::Consolidation => ReasonKind::Consolidation,
            DisruptionReason::Spot => ReasonKind::Spot,
            DisruptionReason::Diversification => ReasonKind::Diversification,
        };
        Self {
            // Checked when the body was read.
            nodes: parse_nodes(&budget.nodes).unwrap_or(Nodes::Count(0)),
            window: budget.window.as_ref().map(Into::into),
            reasons: budget.reasons.iter().map(reason).collect(),
        }
    }
}

impl From<&WorkloadPolicy> for WorkloadPolicyView {
    fn from(it: &WorkloadPolicy) -> Self {
        let WorkloadPolicy { namespace, kind, name, spot_percent, on_demand_base } = it.clone();
        Self { namespace, kind, name, spot_percent, on_demand_base }
    }
}

impl From<&WorkloadPolicyView> for WorkloadPolicy {
    fn from(it: &WorkloadPolicyView) -> Self {
        let WorkloadPolicyView { namespace, kind, name, spot_percent, on_demand_base } = it.clone();
        Self { namespace, kind, name, spot_percent, on_demand_base }
    }
}
