//! What is known of the request when a policy is judged: the condition keys that have
//! a value, those that are absent, and those nobody here can know.

use super::pattern::{Class, Letter, Pattern, Token};
use std::collections::BTreeMap;

/// `iot:ClientId`, in the lower case used for look-ups.
pub const CLIENT_ID: &str = "iot:clientid";
/// `iot:Connection.Thing.ThingName`.
pub const THING_NAME: &str = "iot:connection.thing.thingname";
/// `iot:Connection.Thing.IsAttached`.
pub const IS_ATTACHED: &str = "iot:connection.thing.isattached";

/// A key as AWS writes it, where that is known here.
pub fn as_written(key: &str) -> &str {
    const WRITTEN: [&str; 5] = [
        "iot:ClientId",
        "iot:Connection.Thing.ThingName",
        "iot:Connection.Thing.IsAttached",
        "iot:Connection.Thing.ThingTypeName",
        "iot:Certificate.Subject.CommonName",
    ];
    WRITTEN.into_iter().find(|written| written.eq_ignore_ascii_case(key)).unwrap_or(key)
}

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The key is present, with a value out of this set.
    Value(Pattern),
    /// The request has no such key.
    Absent,
    /// Not decidable here (source address, certificate fields, tags, …). As a variable in a
    /// resource it stands for a value of the asking device's own, unlike any other text.
    Unknown,
}

/// The request context. Keys not set are [`Known::Unknown`].
#[derive(Debug, Clone, Default)]
pub struct Context {
    keys: BTreeMap<String, Known>,
}

impl Context {
    /// Sets what is known of `key` (any case).
    pub fn with(mut self, key: &str, known: Known) -> Self {
        self.keys.insert(key.to_lowercase(), known);
        self
    }

    /// Sets `key` to exactly `value`.
    pub fn with_text(self, key: &str, value: &str) -> Self {
        self.with(key, Known::Value(Pattern::literal(value)))
    }

    /// What is known of `key` (lower case).
    pub fn get(&self, key: &str) -> Known {
        self.keys.get(key).cloned().unwrap_or(Known::Unknown)
    }

    /// A device nobody named, connected under its own thing's name and attached to it.
    pub fn attached_device() -> Self {
        Self::default()
            .with(CLIENT_ID, own(THING_NAME))
            .with(THING_NAME, own(THING_NAME))
            .with_text(IS_ATTACHED, "true")
    }

    /// A device nobody named, connected with a certificate that has no thing.
    pub fn unattached_device() -> Self {
        Self::default().with(CLIENT_ID, own(CLIENT_ID)).with(THING_NAME, Known::Absent).with_text(IS_ATTACHED, "false")
    }

    /// A device that asks to connect under an arbitrary client ID, not its thing's
    /// name. AWS IoT finds the thing through the client ID, so no thing is attached
    /// then (IoT developer guide, "Thing policy variables").
    pub fn connecting_as_another() -> Self {
        Self::default()
            .with(CLIENT_ID, Known::Value(Pattern::arbitrary_name()))
            .with(THING_NAME, own(THING_NAME))
            .with_text(IS_ATTACHED, "false")
    }

    /// A caller with an IAM or Amazon Cognito role; the IoT connection keys are absent
    /// from HTTPS calls and from the control plane.
    pub fn role_caller() -> Self {
        Self::default()
    }
}

fn own(key: &str) -> Known {
    let letter = Class::Only(Letter::Own(key.into()));
    Known::Value(Pattern::of([Token::One(letter)]))
}
