//! The in-cluster agent.
