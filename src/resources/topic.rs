//! SNS topics.
use crate::scope::Place;
pub fn arn(place: &Place, name: &str) -> String {
    place.arn("sns", name)
}
