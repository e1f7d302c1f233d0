//! The published form of a scenario file.

/// JSON Schema of a scenario file, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../schema/scenario.schema.json");

/// Fails unless a definition of a schema names exactly the members that the type reads, but for `extra`.
#[cfg(test)]
pub(crate) fn assert_members<T: serde::de::DeserializeOwned>(schema: &str, definition: &str, extra: &[&str]) {
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let named = schema["$defs"][definition]["properties"].as_object().unwrap();
    let named: std::collections::BTreeSet<&str> =
        named.keys().map(String::as_str).filter(|key| !extra.contains(key)).collect();
    let stranger = serde_json::json!({"no such member": 0});
    let error = serde_json::from_value::<T>(stranger).err().expect("unknown members are refused").to_string();
    let (_, listed) = error.split_once("expected ").unwrap_or_else(|| panic!("{definition}: {error}"));
    let read: std::collections::BTreeSet<&str> = listed.split('`').skip(1).step_by(2).collect();
    assert_eq!(read, named, "{definition}");
}

#[cfg(test)]
mod tests {
    use super::super::model::{Class, CustomNumber, Episode, EpisodeKind, Messages, Reports, Scenario, Selection};
    use super::*;

    #[test]
    fn the_schema_names_the_members_that_are_read() {
        assert_members::<Scenario>(SCHEMA, "Scenario", &[]);
        assert_members::<Class>(SCHEMA, "Class", &[]);
        assert_members::<Messages>(SCHEMA, "Messages", &[]);
        assert_members::<Reports>(SCHEMA, "Reports", &[]);
        assert_members::<CustomNumber>(SCHEMA, "CustomNumber", &[]);
        assert_members::<Episode>(SCHEMA, "Episode", &[]);
        assert_members::<Selection>(SCHEMA, "Selection", &[]);
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let kinds = schema["$defs"]["EpisodeKind"]["enum"].clone();
        assert!(serde_json::from_value::<Vec<EpisodeKind>>(kinds.clone()).is_ok());
        let error = serde_json::from_str::<EpisodeKind>("\"\"").unwrap_err().to_string();
        assert_eq!(error.matches('`').count() / 2 - 1, kinds.as_array().unwrap().len(), "{error}");
    }
}
