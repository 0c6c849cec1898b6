//! What goes over the wire.

use api::PageQuery;
use api::view::{MoneyView, PoolView};
use domain::{ClusterId, ledger};
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How far back.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// Days, 1 to 90; 30 unless said.
    #[garde(range(min = 1, max = 90))]
    #[param(minimum = 1, maximum = 90)]
    pub days: Option<u16>,
}

impl Span {
    pub(crate) fn days(&self) -> i64 {
        i64::from(self.days.unwrap_or(30))
    }
}

/// Which hours of the ledger.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerQuery {
    /// Of which cluster.
    #[garde(skip)]
    #[param(value_type = String, example = "clu_0197a3b0-7a51-7000-8000-000000000001")]
    pub cluster_id: ClusterId,
    /// Hours that begin at or after this; from the first on unless said.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Hours that begin before this; to the newest unless said.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// Items on a page, 1 to 200; 50 unless said.
    #[garde(range(min = 1, max = 200))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// From the page before.
    #[garde(length(max = 2048))]
    pub cursor: Option<String>,
}

impl LedgerQuery {
    pub(crate) fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// The state of one cluster, or of all of them together.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Dashboard {
    /// When these figures were put together.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// What all nodes cost in an hour now.
    pub cost_per_hour: MoneyView,
    /// Nodes.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
    /// Share of requested CPU on Spot, percent.
    pub spot_cpu_percent: f64,
    /// This calendar month in UTC, as far as the ledger is closed.
    pub saved_this_month: Saved,
    /// Plans that wait for approval.
    pub plans_waiting: u32,
    /// What somebody should look at.
    pub attention: Vec<Attention>,
    /// Cost over time: by hour up to seven days, by day beyond.
    pub series: Vec<Point>,
    /// What the nodes are.
    pub distribution: Distribution,
    /// By cluster.
    pub clusters: Vec<ClusterRow>,
}

/// Savings against their baseline.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Saved {
    /// Baseline less actual.
    pub amount: MoneyView,
    /// What it would have cost.
    pub baseline: MoneyView,
    /// What it did cost.
    pub actual: MoneyView,
    /// Closed hours in which every price was read from AWS, percent.
    pub measured_share_percent: f64,
}

/// Something somebody should look at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Attention {
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    /// Where in the dashboard to look.
    pub href: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Something does not work.
    Danger,
    /// Something waits.
    Warning,
}

/// Cost in one hour or day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Point {
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it would have cost.
    pub baseline: MoneyView,
    /// What it did cost.
    pub actual: MoneyView,
    /// Of that on Spot.
    pub spot: MoneyView,
    /// Of that on-demand.
    pub on_demand: MoneyView,
}

/// What the nodes are.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Distribution {
    /// Spot and on-demand.
    pub lifecycle: Vec<Share>,
    /// By processor architecture.
    pub architecture: Vec<Share>,
    /// By instance family, dearest first.
    pub family: Vec<Share>,
    /// By instance type, dearest first.
    pub instance_type: Vec<Share>,
}

/// A part of the nodes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Share {
    /// Of what.
    #[schema(example = "spot")]
    pub name: String,
    /// What they cost in an hour.
    pub cost_per_hour: MoneyView,
    /// How many.
    pub nodes: u32,
}

/// One cluster in the list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClusterRow {
    /// `clu_…`
    pub id: String,
    /// Its name in EKS.
    pub name: String,
    /// How it is doing.
    pub status: ClusterStatus,
    /// What its nodes cost in an hour now.
    pub cost_per_hour: MoneyView,
    /// Baseline less actual, this month.
    pub saved_this_month: MoneyView,
    /// Nodes.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
}

api::wire_enum! {
    /// How a cluster is doing.
    ClusterStatus of domain::cluster::ClusterStatus, "snake_case" {
        WaitingForAgent, Healthy, Silent, Paused
    }
}

api::wire_enum! {
    /// How good an hour's figures are.
    Quality of domain::ledger::Quality, "snake_case" { Measured, Estimated }
}

/// One closed hour: `baseline = actual + Σ levers + residual`, exactly.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LedgerHour)]
pub(crate) struct LedgerHourView {
    /// `clu_…`
    pub cluster_id: String,
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    pub hour: Timestamp,
    /// What it would have cost.
    pub baseline: MoneyView,
    /// What it did cost.
    pub actual: MoneyView,
    /// What made the difference.
    pub levers: LeversView,
    /// What no lever explains.
    pub residual: MoneyView,
    /// How good the figures are.
    pub quality: Quality,
    /// What the baseline is.
    pub baseline_definition: String,
    /// What ran.
    pub lines: Vec<LedgerLineView>,
}

/// What made the difference between baseline and actual cost.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Levers)]
pub(crate) struct LeversView {
    /// The market changed its prices of the baseline fleet.
    pub market: MoneyView,
    /// Spot price rather than on-demand price.
    pub spot_price: MoneyView,
    /// Fewer or cheaper nodes for the same pods.
    pub consolidation: MoneyView,
    /// Sleeping.
    pub hibernation: MoneyView,
    /// Nodes running twice while one replaces the other; never positive.
    pub overlap: MoneyView,
}

/// What one pool's instances cost in an hour.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LedgerLine)]
pub(crate) struct LedgerLineView {
    /// Which pool.
    pub pool: PoolView,
    /// Which instances.
    pub instance_ids: Vec<String>,
    /// Instance-seconds.
    pub seconds: u64,
    /// At on-demand prices, where one is known.
    #[schema(required = true)]
    pub on_demand_cost: Option<MoneyView>,
    /// What was paid.
    pub cost: MoneyView,
    /// Rests on a modelled or missing price.
    pub estimated: bool,
}

impl From<ledger::LedgerHour> for LedgerHourView {
    fn from(hour: ledger::LedgerHour) -> Self {
        let ledger::Levers { market, spot_price, consolidation, hibernation, overlap } =
            hour.levers;
        Self {
            cluster_id: hour.cluster.to_string(),
            hour: hour.hour,
            baseline: hour.baseline.into(),
            actual: hour.actual.into(),
            levers: LeversView {
                market: market.into(),
                spot_price: spot_price.into(),
                consolidation: consolidation.into(),
                hibernation: hibernation.into(),
                overlap: overlap.into(),
            },
            residual: hour.residual.into(),
            quality: hour.quality.into(),
            baseline_definition: hour.baseline_definition,
            lines: hour.lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ledger::LedgerLine> for LedgerLineView {
    fn from(line: ledger::LedgerLine) -> Self {
        Self {
            pool: (&line.pool).into(),
            instance_ids: line.instance_ids,
            seconds: line.seconds,
            on_demand_cost: line.on_demand_cost.map(Into::into),
            cost: line.cost.into(),
            estimated: line.estimated,
        }
    }
}
