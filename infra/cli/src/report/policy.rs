//! A policy and template as JSON, for people to read and change.

use crate::units::json_money;
use domain::Money;
use domain::policy::{NodeTemplate, Policy};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a report may propose.
pub(crate) struct Allowed {
    /// How much Spot, and when a move is worth it.
    pub policy: Policy,
    /// Which machines.
    pub template: NodeTemplate,
}

/// The policy of a cluster nobody has thought about yet, for a plan nobody will carry out: young
/// nodes count like others.
pub(crate) fn for_reports() -> Policy {
    Policy { cooldown_minutes: 0, ..Policy::default() }
}

/// Fields of [`Policy`] that are money: `{"amount", "currency"}` in JSON.
const MONEY: [&str; 2] = ["disruption_cost_per_pod", "min_saving_per_hour"];

/// Fields of [`Policy`] that are percentages.
const PERCENT: &str = "_percent";

impl Allowed {
    /// With the fields of a policy file changed.
    pub(crate) fn changed_by(self, mut changes: Value) -> Result<Self, String> {
        let Some(fields) = changes.as_object_mut() else {
            return Err("the policy is not a JSON object".into());
        };
        let template = fields.remove("template").unwrap_or_else(|| Value::Object(<_>::default()));
        for name in MONEY {
            if let Some(amount) = fields.get_mut(name) {
                *amount = nanos(amount).map_err(|why| format!("{name}: {why}"))?;
            }
        }
        let changed = Self {
            policy: overlaid(&self.policy, &changes)?,
            template: overlaid(&self.template, &template)
                .map_err(|why| format!("template: {why}"))?,
        };
        changed.check()?;
        Ok(changed)
    }

    fn check(&self) -> Result<(), String> {
        let policy = serde_json::to_value(&self.policy).map_err(|error| error.to_string())?;
        let over = policy.as_object().into_iter().flatten().find(|(name, value)| {
            name.contains(PERCENT) && value.as_u64().is_some_and(|percent| percent > 100)
        });
        match over {
            Some((name, value)) => Err(format!("{name} is {value}, more than 100 percent")),
            None if self.template.architectures.is_empty() => {
                Err("template: architectures allow no machine".into())
            }
            None if self.template.min_vcpu > self.template.max_vcpu => {
                Err("template: min_vcpu is above max_vcpu".into())
            }
            None => Ok(()),
        }
    }
}

/// A policy with its money as JSON output has it.
pub(crate) fn to_json(policy: &Policy) -> Value {
    let mut value = serde_json::to_value(policy).unwrap_or_default();
    value["disruption_cost_per_pod"] = json_money(policy.disruption_cost_per_pod);
    value["min_saving_per_hour"] = json_money(policy.min_saving_per_hour);
    value
}

fn overlaid<T: Serialize + DeserializeOwned>(base: &T, changes: &Value) -> Result<T, String> {
    let mut value = serde_json::to_value(base).map_err(|error| error.to_string())?;
    let changes = changes.as_object().ok_or("it is not a JSON object")?;
    for (name, change) in changes {
        match value.get_mut(name) {
            Some(field) => field.clone_from(change),
            None => {
                return Err(format!(
                    "there is no field `{name}`; see --output json for those there are"
                ));
            }
        }
        // One field at a time, so that the message can name it.
        T::deserialize(&value).map_err(|error| format!("{name}: {error}"))?;
    }
    T::deserialize(&value).map_err(|error| error.to_string())
}

/// `{"amount": "0.01", "currency": "USD"}` as nano-USD.
fn nanos(value: &Value) -> Result<Value, String> {
    let amount = value.get("amount").and_then(Value::as_str).and_then(Money::parse_usd);
    let currency = value.get("currency").and_then(Value::as_str);
    match (amount, currency) {
        (Some(amount), Some("USD")) => Ok(amount.nanos().into()),
        _ => Err(r#"it is not money such as {"amount": "0.01", "currency": "USD"}"#.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(changes: Value) -> Result<Allowed, String> {
        Allowed { policy: for_reports(), template: NodeTemplate::default() }.changed_by(changes)
    }

    #[test]
    fn what_json_output_shows_is_accepted_again() {
        let policy = Policy { spot_percent: 12, ..for_reports() };
        assert_eq!(changed(to_json(&policy)).unwrap().policy, policy);
    }

    #[test]
    fn only_the_fields_named_change() {
        let changes = json!({
            "max_zone_percent": 34,
            "min_saving_per_hour": {"amount": "0.5", "currency": "USD"},
            "template": {"categories": ["m"], "burstable": true},
        });
        let Allowed { policy, template } = changed(changes).unwrap();
        let expected = Policy {
            max_zone_percent: 34,
            min_saving_per_hour: Money::parse_usd("0.5").unwrap(),
            ..for_reports()
        };
        assert_eq!(policy, expected);
        assert_eq!(template.categories, ["m".to_owned()].into());
        assert!(template.burstable);
        assert_eq!(template.max_vcpu, NodeTemplate::default().max_vcpu);
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (changes, named) in [
            (json!([]), "not a JSON object"),
            (json!({"spot_percentage": 5}), "spot_percentage"),
            (json!({"spot_percent": 500}), "spot_percent"),
            (json!({"spot_percent": 101}), "spot_percent"),
            (json!({"max_zone_percent": "many"}), "max_zone_percent"),
            (json!({"min_saving_per_hour": 5}), "min_saving_per_hour"),
            (json!({"template": {"colour": "red"}}), "template: there is no field `colour`"),
            (json!({"template": {"architectures": []}}), "architectures"),
            (json!({"template": {"min_vcpu": 64}}), "min_vcpu"),
        ] {
            let why = changed(changes).err().unwrap_or_default();
            assert!(why.contains(named), "{why:?} does not name {named:?}");
        }
    }
}
