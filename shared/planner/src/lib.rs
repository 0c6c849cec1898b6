//! Decides: `plan(&PlanningInput) -> Plan`. No IO, no async, no clock, no randomness.
