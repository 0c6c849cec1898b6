//! Wire types that several functions share.

use domain::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount as a decimal text and its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Exact, with up to nine decimals.
    #[schema(example = "0.0416")]
    pub amount: String,
    /// Always `USD`.
    #[schema(example = "USD")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.to_string(), currency: "USD".to_owned() }
    }
}

impl MoneyView {
    /// The amount, if it is one in US dollars.
    pub fn parse(&self) -> Option<Money> {
        (self.currency == "USD").then(|| Money::parse_usd(&self.amount)).flatten()
    }
}

/// Parts per million as percent with one decimal.
pub fn percent(ppm: i64) -> f64 {
    (ppm as f64 / 1_000.0).round() / 10.0
}

/// A value's name on the wire: what serde makes of a unit variant.
pub fn name_of(value: &impl Serialize) -> String {
    let name = serde_json::to_value(value).ok();
    name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

/// Type, zone and how it is bought: capacity that fails as one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Pool)]
pub struct PoolView {
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// How it is bought.
    pub capacity_type: CapacityType,
}

impl From<&domain::offering::Pool> for PoolView {
    fn from(pool: &domain::offering::Pool) -> Self {
        Self {
            instance_type: pool.instance_type.clone(),
            zone: pool.zone.clone(),
            capacity_type: pool.capacity_type.into(),
        }
    }
}

/// A controller by kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WorkloadRef)]
pub struct WorkloadRefView {
    /// Such as `Deployment`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl From<&domain::snapshot::WorkloadRef> for WorkloadRefView {
    fn from(workload: &domain::snapshot::WorkloadRef) -> Self {
        Self {
            kind: workload.kind.clone(),
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
        }
    }
}

/// What was noticed and could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingView {
    /// A stable word for programs.
    #[schema(example = "multiple_budgets")]
    pub code: String,
    /// What it is about: `node/…`, `pod/…/…`.
    pub subject: String,
    /// One sentence.
    pub message: String,
}

impl From<&domain::finding::Finding> for FindingView {
    fn from(finding: &domain::finding::Finding) -> Self {
        Self {
            code: name_of(&finding.code),
            subject: finding.subject.clone(),
            message: finding.message.clone(),
        }
    }
}

/// A wire enum that follows an enum of the domain: a variant missing on either side does not compile.
#[macro_export]
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident of $domain:path, $case:tt { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = $case)]
        #[allow(missing_docs, reason = "the domain's enum says what each means")]
        pub enum $name { $($variant),+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                use $domain as Domain;
                match value { $(Domain::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                use $domain as Domain;
                match value { $($name::$variant => Domain::$variant),+ }
            }
        }
    };
}

wire_enum! {
    /// What a member may do; each may do what the ones before may.
    Role of domain::identity::Role, "snake_case" { Viewer, Operator, Owner }
}

wire_enum! {
    /// How an instance is bought.
    CapacityType of domain::offering::CapacityType, "kebab-case" { Spot, OnDemand }
}
