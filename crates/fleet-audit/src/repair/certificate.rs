//! Certificates: what a spec can do is to stop trusting them, or to name another file.

use super::SpecChange;
use crate::finding::Finding;
use serde_json::Value;

/// A change that deactivates the certificate, unless a smaller one does.
pub fn propose(finding: &Finding, address: &str) -> Option<SpecChange> {
    let note = match finding.rule.as_str() {
        "device-certificate/attached-to-several-things" => return None,
        "device-certificate/old" | "device-certificate/expiring" | "device-certificate/expired" => {
            "This locks the device out: first provision a new certificate and see that the device connects with it."
        }
        "ca-certificate/expiring" | "ca-certificate/expired" => {
            "Devices can no longer be registered with it; declare its successor beside it first."
        }
        _ => "This locks out whoever has the key. Provision new certificates for the devices that are sound.",
    };
    SpecChange::new(address, "/status", Value::from("INACTIVE"), note)
}
