//! What was read, and what the caller may not see: that is no failure, but nothing is decided on it either.

use fleet_audit::snapshot::Snapshot;

use crate::aws::error::AwsError;

/// The parts of an account that were read.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Without device certificates, which come one by one.
    pub snapshot: Snapshot,
    pub unread: Vec<Unread>,
}

/// A part that could not be read.
#[derive(Debug)]
pub struct Unread {
    /// What it is, for example `role aliases`.
    pub part: String,
    pub error: AwsError,
}

/// Is told how far reading has come.
pub trait Watch: Sync {
    /// `count` more objects are to be read.
    fn found(&self, part: &str, count: usize);
    /// One of them is read.
    fn read(&self);
}

/// Refused to this caller, or unknown to this endpoint: LocalStack and the sandbox do not have every operation.
fn is_out_of_reach(error: &AwsError) -> bool {
    matches!(
        error.code(),
        "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedException"
            | "NotAuthorized"
            | "UnknownOperationException"
            | "InvalidAction"
            | "NotImplemented"
            | "NotImplementedException"
    ) || error.code() == "InternalFailure" && error.message().contains("not yet implemented")
}

impl Inventory {
    /// The part, or a note that it is out of reach; any other error ends the reading.
    pub fn part<T>(&mut self, part: &str, read: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_out_of_reach(&error) => {
                self.unread.push(Unread { part: part.to_owned(), error });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
