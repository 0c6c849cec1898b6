//! The table: keys, entities, queries.
