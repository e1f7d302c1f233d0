//! How a suppression carries its owner's mark: at the end of its description, since it takes no tags and that is the one
//! text that it has.

use super::tags_of;
use crate::ownership::Tags;

const START: &str = "[fleetctl:";

/// `[fleetctl:FLEET:NAME]`. Neither part can hold a colon or a bracket.
pub fn text(fleet: &str, name: &str) -> String {
    format!("{START}{fleet}:{name}]")
}

/// A description with its mark.
pub fn with(description: &str, fleet: &str, name: &str) -> String {
    match description.is_empty() {
        true => text(fleet, name),
        false => format!("{description} {}", text(fleet, name)),
    }
}

/// Parts a description into the user's own text and the mark, as tags. Without a mark there are none.
pub fn read(description: &str) -> (String, Tags) {
    let mark = description.strip_suffix(']').and_then(|text| text.rsplit_once(START));
    let parts = mark.and_then(|(own, mark)| Some((own, mark.split_once(':')?)));
    match parts {
        Some((own, (fleet, name))) if !fleet.is_empty() && !name.is_empty() => {
            (own.trim_end().to_owned(), tags_of(fleet, name))
        }
        _ => (description.to_owned(), Tags::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_comes_off_as_it_was_put_on() {
        for own in ["", "Accepted by security", "see [fleetctl:other:x] and [2]"] {
            assert_eq!(read(&with(own, "factory", "legacy")), (own.to_owned(), tags_of("factory", "legacy")));
        }
        for foreign in ["", "Accepted", "[fleetctl:]", "[fleetctl:factory]", "[fleetctl:factory:legacy] edited"] {
            assert_eq!(read(foreign), (foreign.to_owned(), Tags::new()));
        }
    }
}
