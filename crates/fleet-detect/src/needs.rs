//! Which members of broker events the evaluation looks at, so that a reader can leave the others unread.

use crate::metric::{BuiltIn, Metric};
use crate::rules::{Fold, ProfileRules};

/// Members that are needed beside time, device, type and status, which always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Topics, which dimensions look at.
    pub topics: bool,
    /// Payload lengths.
    pub bytes: bool,
    /// Source addresses.
    pub sources: bool,
}

impl Needs {
    /// Every member.
    pub const ALL: Self = Self { topics: true, bytes: true, sources: true };

    /// Whether events can be read as [`crate::Batch`] keeps the plain ones: nothing beyond what is always needed.
    pub(crate) fn is_plain(self) -> bool {
        !(self.topics || self.bytes || self.sources)
    }

    /// What the rules look at.
    pub(crate) fn of<'r>(rules: impl Iterator<Item = &'r ProfileRules>) -> Self {
        let mut needs = Self { topics: false, bytes: false, sources: false };
        for rules in rules {
            for column in rules.windows.iter().flat_map(|windows| &windows.columns) {
                needs.topics |= column.scope.is_some();
                needs.bytes |= matches!(column.fold, Fold::Largest | Fold::Smallest | Fold::Bytes);
                needs.sources |= column.fold == Fold::Addresses;
            }
            for series in &rules.arrivals {
                needs.topics |= series.scope.is_some();
                needs.bytes |= series.metric == Metric::BuiltIn(BuiltIn::MessageByteSize);
            }
        }
        needs
    }
}
