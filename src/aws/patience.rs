//! Which errors pass by themselves, how long to wait for that, and why. One table for all services.

use std::time::Duration;

use super::error::{AwsError, Cause};

/// One kind of error that waiting cures.
pub struct Patience {
    /// Error codes; empty for any.
    codes: &'static [&'static str],
    /// A part of the message; empty for any.
    message: &'static str,
    /// The actions it applies to; empty for any.
    actions: &'static [&'static str],
    /// The first pause; it doubles up to `longest`, with jitter.
    pub first: Duration,
    pub longest: Duration,
    /// When to give up, counted from the first failure.
    pub budget: Duration,
    /// Shown beside the object while waiting.
    pub waiting_for: &'static str,
}

const fn seconds(value: u64) -> Duration {
    Duration::from_secs(value)
}

const fn millis(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// The first row that matches counts. Sources are named per row; "observed" rows come from public bug reports of
/// other provisioning tools against the real service.
const TABLE: &[Patience] = &[
    // IAM User Guide, "Troubleshoot IAM: changes are not always immediately visible".
    Patience {
        codes: &["InvalidParameterValueException"],
        message: "cannot be assumed by Lambda",
        actions: &["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(90),
        waiting_for: "IAM to make the role known to Lambda",
    },
    Patience {
        codes: &["InvalidParameterValueException"],
        message: "does not have permissions to call",
        actions: &["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(90),
        waiting_for: "IAM to make the role's permissions known to Lambda",
    },
    // Observed: IoT checks the roles of rules, audits, profiles and role aliases when they are written.
    Patience {
        codes: &["InvalidRequestException", "InvalidParameterException", "UnauthorizedException"],
        message: "assume",
        actions: &[],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(90),
        waiting_for: "IAM to make the role known to AWS IoT",
    },
    Patience {
        codes: &["MalformedPolicyDocument", "MalformedPolicyDocumentException"],
        message: "nvalid principal",
        actions: &["iam:CreateRole", "iam:UpdateAssumeRolePolicy"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(60),
        waiting_for: "IAM to know the principal",
    },
    Patience {
        codes: &["NoSuchEntity", "NoSuchEntityException"],
        message: "",
        actions: &["iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(30),
        waiting_for: "IAM to know the role or the policy",
    },
    // IoT developer guide, thing types: deletion is possible five minutes after deprecation.
    Patience {
        codes: &["InvalidRequestException"],
        message: "deprecat",
        actions: &["iot:DeleteThingType"],
        first: seconds(10),
        longest: seconds(30),
        budget: seconds(400),
        waiting_for: "the five minutes between deprecation and deletion of a thing type",
    },
    // API:DetachThingPrincipal "might take several seconds to propagate".
    Patience {
        codes: &["InvalidRequestException"],
        message: "attached to one or more principals",
        actions: &["iot:DeleteThing"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(60),
        waiting_for: "the principal to be detached",
    },
    // API:DeletePolicy: "wait up to five minutes after detaching".
    Patience {
        codes: &["DeleteConflictException"],
        message: "",
        actions: &["iot:DeletePolicy", "iot:DeleteCertificate"],
        first: seconds(2),
        longest: seconds(15),
        budget: seconds(330),
        waiting_for: "the last attachment to be gone",
    },
    Patience {
        codes: &["DeleteConflict", "DeleteConflictException"],
        message: "",
        actions: &["iam:DeleteRole", "iam:DeletePolicy"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(30),
        waiting_for: "the last attachment to be gone",
    },
    // Observed: a thing group may list children or things for a moment after they are gone.
    Patience {
        codes: &["InvalidRequestException"],
        message: "child",
        actions: &["iot:DeleteThingGroup"],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(30),
        waiting_for: "the child groups to be gone",
    },
    // API:UpdateFunctionCode and others: one update at a time, and none while the function is Pending.
    Patience {
        codes: &["ResourceConflictException"],
        message: "in progress",
        actions: &[],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(120),
        waiting_for: "the function's last update",
    },
    Patience {
        codes: &["ResourceConflictException"],
        message: "Pending",
        actions: &[],
        first: seconds(1),
        longest: seconds(5),
        budget: seconds(120),
        waiting_for: "the function to become active",
    },
    // Declared as retryable by each API: somebody else is writing the same object.
    Patience {
        codes: &[
            "OperationAbortedException",
            "ConflictingResourceUpdateException",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConcurrentAccess",
            "ConcurrentAccessException",
            "EntityTemporarilyUnmodifiable",
            "EntityTemporarilyUnmodifiableException",
        ],
        message: "",
        actions: &[],
        first: millis(500),
        longest: seconds(5),
        budget: seconds(30),
        waiting_for: "another change of the same object",
    },
    // AWS General Reference, "Error retries and exponential backoff".
    Patience {
        codes: &[
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
        ],
        message: "",
        actions: &[],
        first: millis(200),
        longest: seconds(8),
        budget: seconds(120),
        waiting_for: "AWS to stop throttling",
    },
];

/// Server faults and broken connections.
const SERVER_FAULT: Patience = Patience {
    codes: &[],
    message: "",
    actions: &[],
    first: millis(200),
    longest: seconds(4),
    budget: seconds(20),
    waiting_for: "AWS to recover",
};

const NO_ANSWER: Patience = Patience { waiting_for: "a connection", budget: seconds(8), ..SERVER_FAULT };

/// An endpoint that refuses connections is most likely mistyped: say so soon.
const REFUSED: Patience = Patience { waiting_for: "a connection", budget: seconds(1), ..SERVER_FAULT };

/// Calls that make another object each time, so that they may be repeated only when AWS has said no.
const MAKES_ANOTHER: &[&str] = &["iot:CreateCertificateFromCsr"];

/// The patience to have with this error, if any.
pub fn with(error: &AwsError) -> Option<&'static Patience> {
    let unknown = match &error.cause {
        Cause::Service { status, .. } => *status >= 500,
        Cause::NoAnswer { refused, .. } => !refused,
        _ => false,
    };
    if unknown && MAKES_ANOTHER.contains(&error.action) {
        return None;
    }
    match &error.cause {
        Cause::Service { code, message, status } => TABLE
            .iter()
            .find(|row| {
                (row.codes.is_empty() || row.codes.contains(&code.as_str()))
                    && message.contains(row.message)
                    && (row.actions.is_empty() || row.actions.contains(&error.action))
            })
            .or((*status >= 500).then_some(&SERVER_FAULT)),
        Cause::NoAnswer { refused: true, .. } => Some(&REFUSED),
        Cause::NoAnswer { .. } => Some(&NO_ANSWER),
        Cause::NoCredentials { .. } | Cause::Malformed { .. } => None,
    }
}
