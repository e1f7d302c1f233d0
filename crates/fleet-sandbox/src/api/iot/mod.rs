//! AWS IoT: the control plane, Device Defender included.

/// Operations of AWS IoT, one table per kind.
pub const TABLES: &[super::service::Table] = &[];
