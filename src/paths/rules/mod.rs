//! One rule a file: its page, its check, its tests. `registry` lists them; its tests try the examples of every page.

pub mod inverted_criteria;
pub mod role_lacks_permission;
pub mod untrusting_role;
