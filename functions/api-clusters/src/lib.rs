//! Discovery, registration, detail, instances.
