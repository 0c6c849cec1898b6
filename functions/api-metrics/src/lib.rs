//! KPIs, cost, savings ledger.
