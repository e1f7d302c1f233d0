//! How each service words the errors that belong to no operation.

use crate::error::AwsError;

/// Codes and statuses of a service's general errors.
pub struct Dialect {
    /// A constraint of the model is broken.
    pub validation: &'static str,
    /// Too many requests: code and status.
    pub throttled: (&'static str, u16),
    /// The service's own failure.
    pub failure: &'static str,
    /// IAM says no: code and status.
    pub denied: (&'static str, u16),
    /// Credentials expired: code and status.
    pub expired: (&'static str, u16),
    /// Access key not known: code and status.
    pub unrecognized: (&'static str, u16),
    /// No signature: code and status.
    pub unsigned: (&'static str, u16),
    /// No such operation: code and status.
    pub unknown_operation: (&'static str, u16),
}

impl Dialect {
    /// IAM and STS.
    pub const QUERY: Dialect = Dialect {
        validation: "ValidationError",
        throttled: ("Throttling", 400),
        failure: "InternalFailure",
        denied: ("AccessDenied", 403),
        expired: ("ExpiredToken", 403),
        unrecognized: ("InvalidClientTokenId", 403),
        unsigned: ("MissingAuthenticationToken", 403),
        unknown_operation: ("InvalidAction", 400),
    };

    /// SNS: its own code for bad parameters and refusals.
    pub const SNS: Dialect = Dialect {
        validation: "InvalidParameter",
        throttled: ("Throttled", 429),
        failure: "InternalError",
        denied: ("AuthorizationError", 403),
        ..Dialect::QUERY
    };

    const JSON: Dialect = Dialect {
        validation: "ValidationException",
        throttled: ("ThrottlingException", 400),
        failure: "InternalFailure",
        denied: ("AccessDeniedException", 400),
        expired: ("ExpiredTokenException", 400),
        unrecognized: ("UnrecognizedClientException", 400),
        unsigned: ("MissingAuthenticationTokenException", 400),
        unknown_operation: ("UnknownOperationException", 400),
    };

    /// CloudWatch Logs.
    pub const LOGS: Dialect =
        Dialect { validation: "InvalidParameterException", failure: "ServiceUnavailableException", ..Dialect::JSON };

    /// Resource groups tagging API.
    pub const TAGGING: Dialect = Dialect {
        validation: "InvalidParameterException",
        throttled: ("ThrottledException", 400),
        failure: "InternalServiceException",
        ..Dialect::JSON
    };

    /// CloudWatch, whichever protocol is spoken.
    pub const CLOUDWATCH: Dialect = Dialect {
        validation: "ValidationError",
        throttled: ("Throttling", 400),
        failure: "InternalServiceFault",
        ..Dialect::JSON
    };

    const REST: Dialect = Dialect {
        denied: ("AccessDeniedException", 403),
        expired: ("ExpiredTokenException", 403),
        unrecognized: ("UnrecognizedClientException", 403),
        unsigned: ("MissingAuthenticationTokenException", 403),
        unknown_operation: ("UnknownOperationException", 404),
        ..Dialect::JSON
    };

    /// Lambda.
    pub const LAMBDA: Dialect =
        Dialect { throttled: ("TooManyRequestsException", 429), failure: "ServiceException", ..Dialect::REST };

    /// AWS IoT.
    pub const IOT: Dialect = Dialect {
        validation: "InvalidRequestException",
        throttled: ("ThrottlingException", 400),
        failure: "InternalFailureException",
        ..Dialect::REST
    };

    /// Too many requests.
    pub fn throttle(&self) -> AwsError {
        AwsError::new(self.throttled.0, "Rate exceeded").status(self.throttled.1)
    }

    /// The service failed.
    pub fn fail(&self) -> AwsError {
        AwsError::new(
            self.failure,
            "The request processing has failed because of an unknown error, exception or failure.",
        )
        .status(500)
    }

    /// IAM says no, in AWS's words.
    pub fn deny(&self, caller: &str, action: &str, resource: &str) -> AwsError {
        let message = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        );
        AwsError::new(self.denied.0, message).status(self.denied.1)
    }

    /// The request carries no signature.
    pub fn unsigned(&self) -> AwsError {
        AwsError::new(self.unsigned.0, "Request is missing Authentication Token").status(self.unsigned.1)
    }

    /// The service has no such operation, or the sandbox does not offer it.
    pub fn unknown_operation(&self, operation: &str, version: &str) -> AwsError {
        let (code, status) = self.unknown_operation;
        AwsError::new(code, format!("Could not find operation {operation} for version {version}")).status(status)
    }
}
