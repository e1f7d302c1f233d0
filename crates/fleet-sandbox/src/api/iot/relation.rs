//! Attachments of one object to another, found from both ends without a search.

use serde_json::Value;

use crate::store::Tx;

/// A many-to-many relation, kept twice: by its left and by its right end. Left ends hold no slash.
pub struct Relation {
    /// Collection with the keys `left/right`.
    pub forward: &'static str,
    /// Collection with the keys `right/left`.
    pub backward: &'static str,
}

impl Relation {
    /// Relates two objects, or changes what is noted of a pair that is related.
    pub fn put(&self, tx: &mut Tx<'_>, left: &str, right: &str, note: Value) {
        tx.put(self.forward, &format!("{left}/{right}"), note.clone());
        tx.put(self.backward, &format!("{right}/{left}"), note);
    }

    /// Ends a relation; whether there was one.
    pub fn remove(&self, tx: &mut Tx<'_>, left: &str, right: &str) -> bool {
        tx.remove(self.backward, &format!("{right}/{left}"));
        tx.remove(self.forward, &format!("{left}/{right}")).is_some()
    }

    /// Ends all relations of a left object.
    pub fn remove_left(&self, tx: &mut Tx<'_>, left: &str) {
        let rights: Vec<String> = self.rights(tx, left).into_iter().map(|(right, _)| right.to_owned()).collect();
        for right in rights {
            self.remove(tx, left, &right);
        }
    }

    /// Ends all relations of a right object.
    pub fn remove_right(&self, tx: &mut Tx<'_>, right: &str) {
        let lefts: Vec<String> = self.lefts(tx, right).into_iter().map(|(left, _)| left.to_owned()).collect();
        for left in lefts {
            self.remove(tx, &left, right);
        }
    }

    /// What a left object is related to, sorted, with the notes.
    pub fn rights<'t>(&self, tx: &'t Tx<'_>, left: &str) -> Vec<(&'t str, &'t Value)> {
        ends(tx, self.forward, left)
    }

    /// What is related to a right object, sorted, with the notes.
    pub fn lefts<'t>(&self, tx: &'t Tx<'_>, right: &str) -> Vec<(&'t str, &'t Value)> {
        ends(tx, self.backward, right)
    }
}

fn ends<'t>(tx: &'t Tx<'_>, collection: &str, end: &str) -> Vec<(&'t str, &'t Value)> {
    let prefix = format!("{end}/");
    let found = tx.scan_prefix(collection, &prefix);
    found.filter_map(|(key, note)| Some((key.strip_prefix(&prefix)?, note))).collect()
}
