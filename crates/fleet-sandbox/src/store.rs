//! The state of all accounts: collections of JSON objects, changed in transactions.
//!
//! One request is one transaction: an error leaves no change, a success is in the journal before
//! the answer leaves. Transactions run one after the other under one lock; handlers are short.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::journal::Journal;

/// Region under which global services (IAM) keep their objects.
pub const GLOBAL: &str = "aws-global";

/// Account, region and collection.
pub type Table = (String, String, String);

/// The objects of a collection by key, in byte order.
pub type Objects = BTreeMap<String, Value>;

/// One object's place and what it was (or became); `None` is absence.
pub type Change = (Table, String, Option<Value>);

/// All state, behind one lock.
pub struct Store {
    state: Mutex<State>,
}

struct State {
    tables: BTreeMap<Table, Objects>,
    /// What the last writing transaction replaced, newest first: the state a stale read sees.
    last_undo: Vec<Change>,
    journal: Option<Journal>,
}

impl Store {
    /// A store over a journal, or in memory only.
    pub fn open(journal: Option<(Journal, BTreeMap<Table, Objects>)>) -> Store {
        let (journal, tables) = journal.map_or((None, BTreeMap::new()), |(j, t)| (Some(j), t));
        Store { state: Mutex::new(State { tables, last_undo: Vec::new(), journal }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking handler has not committed; its half-done changes are rolled back by the
        // transaction's guard, so a poisoned lock holds sound state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` as one transaction. With `stale`, it sees the state before the last change;
    /// if it then tries to write, it runs again on the present state, since only reads are stale.
    pub fn transact<T, E: From<io::Error>>(
        &self,
        account: &str,
        region: &str,
        stale: bool,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.lock();
        if stale {
            let mut running = Running { undo: Vec::new(), committed: false, state: &mut state };
            for (table, key, value) in running.state.last_undo.clone() {
                running.set(&table, &key, value);
            }
            let before = running.undo.len();
            let answer = work(&mut Tx::new(&mut running, account, region));
            if running.undo.len() == before {
                return answer;
            }
        }
        let mut running = Running { undo: Vec::new(), committed: false, state: &mut state };
        let answer = work(&mut Tx::new(&mut running, account, region))?;
        running.commit()?;
        Ok(answer)
    }

    /// A copy of all tables.
    pub fn tables(&self) -> BTreeMap<Table, Objects> {
        self.lock().tables.clone()
    }

    /// Forgets everything.
    pub fn clear(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.tables.clear();
        state.last_undo.clear();
        state.journal.as_mut().map_or(Ok(()), Journal::clear)
    }
}

/// A transaction in progress; rolls back unless committed.
struct Running<'s> {
    state: &'s mut State,
    undo: Vec<Change>,
    committed: bool,
}

impl Running<'_> {
    fn set(&mut self, table: &Table, key: &str, value: Option<Value>) -> Option<Value> {
        let objects = self.state.tables.entry(table.clone()).or_default();
        let before = match value {
            Some(value) => objects.insert(key.to_owned(), value),
            None => objects.remove(key),
        };
        self.undo.push((table.clone(), key.to_owned(), before.clone()));
        before
    }

    fn commit(mut self) -> io::Result<()> {
        if self.undo.is_empty() {
            return Ok(());
        }
        let mut touched: Vec<(&Table, &String)> = self.undo.iter().map(|(t, k, _)| (t, k)).collect();
        touched.sort();
        touched.dedup();
        if let Some(journal) = self.state.journal.as_mut() {
            let tables = &self.state.tables;
            journal.append(
                touched
                    .into_iter()
                    .map(|(table, key)| (table, key.as_str(), tables.get(table).and_then(|objects| objects.get(key)))),
            )?;
        }
        let mut undo = std::mem::take(&mut self.undo);
        undo.reverse();
        self.state.last_undo = undo;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        for (table, key, before) in std::mem::take(&mut self.undo).into_iter().rev() {
            let objects = self.state.tables.entry(table).or_default();
            match before {
                Some(value) => objects.insert(key, value),
                None => objects.remove(&key),
            };
        }
    }
}

/// A handler's view of the store: one account and region within the running transaction.
pub struct Tx<'t> {
    running: &'t mut dyn Ledger,
    account: String,
    region: String,
}

/// What a view needs of the transaction. A trait only to spare [`Tx`] a second lifetime.
trait Ledger {
    fn objects(&self, table: &Table) -> Option<&Objects>;
    fn set(&mut self, table: &Table, key: &str, value: Option<Value>) -> Option<Value>;
}

impl Ledger for Running<'_> {
    fn objects(&self, table: &Table) -> Option<&Objects> {
        self.state.tables.get(table)
    }

    fn set(&mut self, table: &Table, key: &str, value: Option<Value>) -> Option<Value> {
        Running::set(self, table, key, value)
    }
}

impl<'t> Tx<'t> {
    fn new(running: &'t mut dyn Ledger, account: &str, region: &str) -> Tx<'t> {
        Tx { running, account: account.to_owned(), region: region.to_owned() }
    }

    fn table(&self, collection: &str) -> Table {
        (self.account.clone(), self.region.clone(), collection.to_owned())
    }

    /// The object of that key.
    pub fn get(&self, collection: &str, key: &str) -> Option<&Value> {
        self.running.objects(&self.table(collection))?.get(key)
    }

    /// Whether the object exists.
    pub fn has(&self, collection: &str, key: &str) -> bool {
        self.get(collection, key).is_some()
    }

    /// Stores an object, replacing one of the same key.
    pub fn put(&mut self, collection: &str, key: &str, value: Value) {
        let table = self.table(collection);
        self.running.set(&table, key, Some(value));
    }

    /// Removes an object and returns it.
    pub fn remove(&mut self, collection: &str, key: &str) -> Option<Value> {
        let table = self.table(collection);
        self.get(collection, key)?;
        self.running.set(&table, key, None)
    }

    /// All objects of a collection, by key in byte order.
    pub fn scan(&self, collection: &str) -> impl Iterator<Item = (&str, &Value)> {
        let objects = self.running.objects(&self.table(collection));
        objects.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    /// The objects whose key starts with `prefix`, in byte order. Compound keys `parent/child`
    /// make this the list of a parent's children.
    pub fn scan_prefix<'a>(
        &'a self,
        collection: &str,
        prefix: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 't> {
        let objects = self.running.objects(&self.table(collection));
        let prefix = prefix.to_owned();
        objects
            .map(|objects| objects.range(prefix.clone()..))
            .into_iter()
            .flatten()
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| (key.as_str(), value))
    }

    /// The same transaction, seen from another region of the account.
    pub fn in_region(&mut self, region: &str) -> Tx<'_> {
        Tx::new(self.running, &self.account, region)
    }

    /// The same transaction, seen where global services (IAM) keep their objects.
    pub fn global(&mut self) -> Tx<'_> {
        self.in_region(GLOBAL)
    }

    /// 64 hexadecimal digits that never repeat in this store. A function of the calls made so far,
    /// so that a repeated run gives the same ids.
    pub fn unique(&mut self) -> String {
        let table = (String::new(), String::new(), "sandbox".to_owned());
        let last = self.running.objects(&table).and_then(|o| o.get("sequence")).and_then(Value::as_u64);
        let next = last.unwrap_or(0) + 1;
        self.running.set(&table, "sequence", Some(next.into()));
        let digest = Sha256::digest(format!("{}/{}/{next}", self.account, self.region));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A UUID made of [`Tx::unique`].
    pub fn uuid(&mut self) -> String {
        let hex = self.unique();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run<T>(store: &Store, stale: bool, work: impl FnMut(&mut Tx<'_>) -> io::Result<T>) -> io::Result<T> {
        store.transact("1", "r", stale, work)
    }

    fn put(store: &Store, value: i64) {
        let work = |tx: &mut Tx<'_>| {
            tx.put("c", "a", value.into());
            Ok(())
        };
        run(store, false, work).unwrap();
    }

    fn read(store: &Store, stale: bool) -> Option<Value> {
        run(store, stale, |tx| Ok(tx.get("c", "a").cloned())).unwrap()
    }

    #[test]
    fn an_error_leaves_no_change_and_a_stale_read_sees_the_state_before_the_last_one() {
        let store = Store::open(None);
        put(&store, 1);
        let failed = run(&store, false, |tx| {
            tx.put("c", "a", json!(2));
            tx.remove("c", "a");
            Err::<(), _>(io::Error::other("no"))
        });
        assert!(failed.is_err());
        assert_eq!(read(&store, false), Some(json!(1)));
        put(&store, 3);
        assert_eq!(read(&store, true), Some(json!(1)));
        assert_eq!(read(&store, false), Some(json!(3)));
        // A write under a stale view happens on the present state.
        let increment = |tx: &mut Tx<'_>| {
            let next = tx.get("c", "a").and_then(Value::as_i64).unwrap_or(0) + 1;
            tx.put("c", "a", next.into());
            Ok(())
        };
        run(&store, true, increment).unwrap();
        assert_eq!(read(&store, false), Some(json!(4)));
    }
}
