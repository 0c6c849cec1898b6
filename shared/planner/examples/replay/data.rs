//! Readers of the data that is replayed. Each takes the text or folder, and says what is wrong with it.

use domain::Money;
use domain::offering::{Architecture, InstanceType};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A file's text, unpacked where its name ends in `.gz`.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(fault)?;
    let mut text = String::new();
    if path.extension().is_some_and(|ending| ending == "gz") {
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).map_err(fault)?;
        return Ok(text);
    }
    String::from_utf8(bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// A type of the catalogue with its list price, and its Spot saving and interruption bucket where known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub(crate) made: InstanceType,
    pub(crate) on_demand: Money,
    pub(crate) spot: Option<(Money, u8)>,
}

/// Reads `ec2_catalog_*.csv`.
pub(crate) fn catalogue(text: &str) -> Result<Vec<Listed>, String> {
    #[derive(Deserialize)]
    struct Row {
        instance_type: String,
        arch: String,
        vcpu: u32,
        memory_mib: u64,
        current_generation: u8,
        bare_metal: u8,
        burstable: u8,
        gpus: u32,
        eni_max_pods: u32,
        on_demand_usd_h: f64,
        spot_savings_pct: Option<f64>,
        interruption_bucket: Option<u8>,
    }
    let listed = |row: Row| Listed {
        on_demand: usd(row.on_demand_usd_h),
        spot: row
            .spot_savings_pct
            .zip(row.interruption_bucket)
            .filter(|(saving, _)| *saving > 0.0)
            .map(|(saving, bucket)| (usd(row.on_demand_usd_h * (1.0 - saving / 100.0)), bucket)),
        made: InstanceType {
            name: row.instance_type,
            architecture: match row.arch.as_str() {
                "arm64" => Architecture::Arm64,
                _ => Architecture::Amd64,
            },
            vcpu: row.vcpu,
            memory_mib: row.memory_mib,
            // EKS advises against more pods on a node than this, whatever it has addresses for.
            max_pods: row.eni_max_pods.min(if row.vcpu > 30 { 250 } else { 110 }),
            gpus: row.gpus,
            current_generation: row.current_generation == 1,
            bare_metal: row.bare_metal == 1,
            burstable: row.burstable == 1,
        },
    };
    Ok(rows(text)?.into_iter().map(listed).collect())
}

/// Prices of each pool over time: epoch seconds and USD/h, in order of time. A step function.
pub(crate) type History = BTreeMap<(String, String), Vec<(i64, Money)>>;

/// Reads `type,az,ts,price`.
pub(crate) fn prices(text: &str) -> Result<History, String> {
    let mut history = History::new();
    for (name, zone, at, price) in rows::<(String, String, i64, f64)>(text)? {
        history.entry((name, zone)).or_default().push((at, usd(price)));
    }
    for changes in history.values_mut() {
        changes.sort_unstable();
    }
    Ok(history)
}

/// The price that held at a moment.
pub(crate) fn price_at(changes: &[(i64, Money)], at: i64) -> Option<Money> {
    changes[..changes.partition_point(|change| change.0 <= at)].last().map(|change| change.1)
}

/// Whether an instance could be had, every `gap` seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    pub(crate) gap: f64,
    pub(crate) up: Vec<bool>,
}

/// Reads `{"metadata": {"gap_seconds"}, "data": [instances available per tick]}`.
pub(crate) fn trace(text: &str) -> Result<Trace, String> {
    let read: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let gap = read["metadata"]["gap_seconds"].as_f64().filter(|gap| *gap > 0.0);
    let up = read["data"].as_array().and_then(|ticks| {
        ticks.iter().map(|tick| Some(tick.as_f64()? > 0.0)).collect::<Option<Vec<bool>>>()
    });
    match (gap, up) {
        (Some(gap), Some(up)) => Ok(Trace { gap, up }),
        _ => Err("not a trace".to_owned()),
    }
}

/// A pod that comes and goes; seconds from the trace's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) name: String,
    pub(crate) cpu_milli: u64,
    pub(crate) memory_mib: u64,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Reads `openb_pod_list_*.csv`. Pods that never ended stay for ever.
pub(crate) fn stays(text: &str) -> Result<Vec<Stay>, String> {
    #[derive(Deserialize)]
    struct Row {
        name: String,
        cpu_milli: u64,
        memory_mib: u64,
        creation_time: i64,
        deletion_time: Option<i64>,
    }
    let stay = |row: Row| Stay {
        name: row.name,
        cpu_milli: row.cpu_milli,
        memory_mib: row.memory_mib,
        from: row.creation_time,
        until: row.deletion_time.unwrap_or(i64::MAX),
    };
    Ok(rows(text)?.into_iter().map(stay).collect())
}

fn usd(amount: f64) -> Money {
    Money::from_nanos((amount * 1e9).round() as i64)
}

fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, String> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}
