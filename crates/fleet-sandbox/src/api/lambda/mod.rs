//! AWS Lambda: functions and who may invoke them. Functions are kept, not run.

pub mod concurrency;
pub mod function;
pub mod function_code;
pub mod function_configuration;
pub mod function_state;
pub mod invocation;
pub mod permission;
pub mod tag;

/// Operations of Lambda, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    concurrency::OPERATIONS,
    function::OPERATIONS,
    function_code::OPERATIONS,
    function_configuration::OPERATIONS,
    invocation::OPERATIONS,
    permission::OPERATIONS,
    tag::OPERATIONS,
];
