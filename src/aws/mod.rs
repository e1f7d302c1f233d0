//! Talking to AWS: clients, errors, patience and rates. Only this part and `resources` name the SDK.

pub mod clients;
pub mod clock;
pub mod cloudwatch_tags;
pub mod context;
pub mod defender;
pub mod error;
pub mod iam_tags;
pub mod inventory;
pub mod iot_tags;
pub mod pages;
pub mod patience;
pub mod rate;
