//! Reads AWS's documents and other files that come beside a spec.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::failure::Failure;

pub fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = text(path)?;
    let reader = &mut serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(reader).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Reads YAML, and JSON as a part of it.
pub fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&text(path)?, options)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Reads what several AWS calls return; nothing gives nothing.
pub fn document<T: Default>(path: Option<&Path>, read: fn(&Value) -> Result<T, String>) -> Result<T, Failure> {
    let Some(path) = path else { return Ok(T::default()) };
    read(&json(path)?).map_err(|message| Failure::new(format!("{}: {message}", path.display())))
}

/// Which kind of file profiles come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A spec: a file or folder.
    Spec,
    /// Behaviours alone, as `use` names them in a spec.
    BehaviorSet,
    /// What DescribeSecurityProfile returns.
    Described,
}

impl Form {
    /// Told by the members that only one of them has. What cannot be read is left to the spec's reader, which says
    /// where and why.
    pub fn of(path: &Path) -> Form {
        let found = if path.is_dir() { None } else { yaml::<Value>(path).ok() };
        let has = |member: &str| found.as_ref().is_some_and(|value| value.get(member).is_some());
        match () {
            () if has("securityProfileName") => Form::Described,
            () if has("behaviors") && !has("version") && !has("securityProfiles") => Form::BehaviorSet,
            () => Form::Spec,
        }
    }
}
