//! One AWS kind, and the single place where kinds lose their types.
//!
//! A kind is a file in `resources/`, with its parts in the folder of the same name. It says what a user may write
//! ([`Kind::Spec`]), what is compared ([`Kind::State`]), and how to read, create, update and delete. Everything else in
//! the engine works on [`AnyKind`] and on JSON.
//! `desired` and `read` yield the same `State`, where defaults and order are already settled, so that neither can
//! show up as a change.

use std::future::Future;
use std::marker::PhantomData;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::ownership::{Owner, TagChange, Tags, read_tags};
use crate::scope::{FileRequest, Problems, Reference, Scope};

/// How a live object carries its owner's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Tags, given in the create call.
    Tags,
    /// No tags in AWS; the kind keeps the mark somewhere on the object and shows it as tags when it reads.
    Mark,
    /// There is one per account and region. It exists always or once configured, and is managed only while declared.
    Singleton,
}

/// A live object: its state, and beside it what AWS assigns and what therefore can never be a difference.
#[derive(Clone, Debug)]
pub struct Live<S> {
    /// The name AWS knows it by (for a certificate its ID).
    pub id: String,
    pub state: S,
    /// All tags, the mark included.
    pub tags: Tags,
    /// For APIs with optimistic locking.
    pub version: Option<i64>,
}

/// A kind of AWS object. Methods stand in reading order; the tests of a kind come last in its file.
pub trait Kind: Send + Sync + 'static {
    /// The key in the spec and the first part of the address, for example `thingTypes`. A dot nests.
    const SECTION: &'static str;
    /// What people call one of these, for example `thing type`.
    const NOUN: &'static str;
    const OWNERSHIP: Ownership;
    /// Deletion goes from high to low: a kind has a higher rank than what it uses.
    const RANK: u8;
    /// Whether a foreign object can be taken over. An IAM role cannot: its path is part of its ARN and cannot change.
    const ADOPTABLE: bool = true;
    /// What the user may write, without `tags` and `protect`, which every taggable kind has.
    type Spec: DeserializeOwned + JsonSchema;
    /// The canonical form; desired and live share it.
    type State: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// Rules that a schema cannot say: names, limits, fields that exclude each other. Pointers are into the entry.
    fn check(_name: &str, _spec: &Self::Spec, _problems: &mut Problems) {}

    /// Files that `desired` will want.
    fn files(_spec: &Self::Spec) -> Vec<FileRequest> {
        Vec::new()
    }

    /// Bare names of other objects; `${…}` references are found without the kind's help.
    fn references(_spec: &Self::Spec) -> Vec<Reference> {
        Vec::new()
    }

    /// Whether a `${…}` reference at this pointer must exist first. Policy documents may name what is not there yet.
    fn orders(_pointer: &str) -> bool {
        true
    }

    /// The state to reach. All defaults are applied here and only here.
    fn desired(spec: Self::Spec, scope: &Scope) -> Result<Self::State, Problems>;

    /// The value of `${section.name.attribute}`, if the kind has that attribute.
    fn attribute(_name: &str, _attribute: &str, _scope: &Scope) -> Option<String> {
        None
    }

    /// The attributes that [`Kind::attribute`] answers, for messages.
    const ATTRIBUTES: &'static [&'static str] = &[];

    /// Whether a change at this path of the state needs a new object.
    fn replaces(_path: &str) -> bool {
        false
    }

    /// Whether the value at this path of the state may be shown.
    fn hides(_path: &str) -> bool {
        false
    }

    /// The object of the same kind that must outlive this one, such as the parent of a thing group.
    fn parent(_state: &Self::State) -> Option<String> {
        None
    }

    fn read(cx: &Context, name: &str) -> impl Future<Output = Result<Option<Live<Self::State>>, AwsError>> + Send;

    /// Reads a declared object. Only kinds for which the name is not enough to find the object, or to read all of it,
    /// look at what is desired.
    fn read_declared(
        cx: &Context,
        name: &str,
        _desired: &Self::State,
    ) -> impl Future<Output = Result<Option<Live<Self::State>>, AwsError>> + Send {
        Self::read(cx, name)
    }

    /// Reads many declared objects with few calls, where AWS has one for that. What is left out is read one by one, so
    /// leaving out is always right.
    fn read_many(
        _cx: &Context,
        _names: &[&str],
    ) -> impl Future<Output = Result<Vec<Live<Self::State>>, AwsError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    fn create(cx: &Context, name: &str, desired: &Self::State) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Brings the live object to the desired state, tags excepted. Also called to finish a creation that was cut short.
    fn update(
        cx: &Context,
        live: &Live<Self::State>,
        desired: &Self::State,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Sets and removes tags on a live object.
    fn retag(
        cx: &Context,
        live: &Live<Self::State>,
        change: &TagChange,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Deletes the object and what belongs to it. The caller has proved ownership.
    fn delete(cx: &Context, live: &Live<Self::State>) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Deletes an object that is about to be replaced. AWS refuses to delete some objects while others use them: those
    /// of this fleet let go of it here, and are written again later in the same run.
    fn clear(cx: &Context, live: &Live<Self::State>) -> impl Future<Output = Result<(), AwsError>> + Send {
        Self::delete(cx, live)
    }

    /// Names of live objects that may carry this fleet's mark, found without the tagging index.
    /// A cheap filter by AWS (path, attribute) is used where there is one; every name is read before it is believed.
    fn list(cx: &Context) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// Whether the plain plan calls [`Kind::list`]. True where the tagging index does not reach and `list` is cheap.
    const LISTED: bool = false;

    /// How an address begins that the tagging index has whenever there is one of these. Where the index has none such,
    /// the plain plan does without [`Kind::list`].
    fn trace(_fleet: &str) -> Option<String> {
        None
    }

    /// Whether [`Kind::read_many`] finds all that carry this fleet's mark, so that [`Kind::list`] would tell the same.
    const READS_ALL: bool = false;
}

/// A live object of any kind, as data. `state` holds the kind's state with `tags` and `protect` beside its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveObject {
    pub id: String,
    pub state: Value,
    pub owner: Option<Owner>,
    pub tags: Tags,
    pub version: Option<i64>,
}

impl LiveObject {
    pub fn protected(&self) -> bool {
        self.state.get("protect").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// A kind without its types. Implemented once, for [`Erased`].
pub trait AnyKind: Send + Sync {
    fn section(&self) -> &'static str;
    fn noun(&self) -> &'static str;
    fn ownership(&self) -> Ownership;
    fn rank(&self) -> u8;
    fn listed(&self) -> bool;
    fn trace(&self, fleet: &str) -> Option<String>;
    fn reads_all(&self) -> bool;
    fn adoptable(&self) -> bool;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema;
    /// Decodes the entry and runs the kind's rules. The error is a path within the entry and a message.
    fn check(&self, name: &str, spec: &Value, problems: &mut Problems);
    fn files(&self, spec: &Value) -> Vec<FileRequest>;
    fn references(&self, spec: &Value) -> Vec<Reference>;
    fn orders(&self, pointer: &str) -> bool;
    fn desired(&self, spec: &Value, scope: &Scope) -> Result<Value, Problems>;
    fn attribute(&self, name: &str, attribute: &str, scope: &Scope) -> Option<String>;
    fn replaces(&self, path: &str) -> bool;
    fn hides(&self, path: &str) -> bool;
    fn parent(&self, state: &Value) -> Option<String>;
    fn read<'a>(&'a self, cx: &'a Context, name: &'a str) -> BoxFuture<'a, Result<Option<LiveObject>, AwsError>>;
    fn read_declared<'a>(
        &'a self,
        cx: &'a Context,
        name: &'a str,
        desired: &'a Value,
    ) -> BoxFuture<'a, Result<Option<LiveObject>, AwsError>>;
    fn read_many<'a>(
        &'a self,
        cx: &'a Context,
        names: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<LiveObject>, AwsError>>;
    fn create<'a>(&'a self, cx: &'a Context, name: &'a str, desired: &'a Value) -> BoxFuture<'a, Result<(), AwsError>>;
    fn update<'a>(
        &'a self,
        cx: &'a Context,
        live: &'a LiveObject,
        desired: &'a Value,
    ) -> BoxFuture<'a, Result<(), AwsError>>;
    fn retag<'a>(
        &'a self,
        cx: &'a Context,
        live: &'a LiveObject,
        change: &'a TagChange,
    ) -> BoxFuture<'a, Result<(), AwsError>>;
    fn delete<'a>(&'a self, cx: &'a Context, live: &'a LiveObject) -> BoxFuture<'a, Result<(), AwsError>>;
    fn clear<'a>(&'a self, cx: &'a Context, live: &'a LiveObject) -> BoxFuture<'a, Result<(), AwsError>>;
    fn list<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<Vec<String>, AwsError>>;
}

/// The types of a kind, put aside.
pub struct Erased<K>(pub PhantomData<K>);

impl<K: Kind> Erased<K> {
    pub const fn new() -> Self {
        Erased(PhantomData)
    }
}

impl<K: Kind> Default for Erased<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// The kind's own state within the common form. `tags` and `protect` are not fields of any `State`.
fn typed<K: Kind>(state: &Value) -> K::State {
    let mut own = state.clone();
    if let Some(fields) = own.as_object_mut() {
        fields.remove("tags");
        fields.remove("protect");
    }
    serde_json::from_value(own).expect("a state is written and read by the same type")
}

fn live<K: Kind>(object: &LiveObject) -> Live<K::State> {
    Live { id: object.id.clone(), state: typed::<K>(&object.state), tags: object.tags.clone(), version: object.version }
}

fn object<K: Kind>(live: Live<K::State>) -> LiveObject {
    let (owner, protect, user) = read_tags(&live.tags);
    let state = serde_json::to_value(&live.state).expect("a state is plain data");
    let state = common_state(state, K::OWNERSHIP, &user, protect);
    LiveObject { id: live.id, state, owner, tags: live.tags, version: live.version }
}

/// Adds `tags` and `protect` to a kind's state. Singletons have neither.
pub fn common_state(state: Value, ownership: Ownership, tags: &Tags, protect: bool) -> Value {
    let mut all = state;
    if let (Ownership::Tags, Some(fields)) = (ownership, all.as_object_mut()) {
        fields.insert("tags".into(), serde_json::json!(tags));
        fields.insert("protect".into(), protect.into());
    }
    all
}

impl<K: Kind> AnyKind for Erased<K> {
    fn section(&self) -> &'static str {
        K::SECTION
    }
    fn noun(&self) -> &'static str {
        K::NOUN
    }
    fn ownership(&self) -> Ownership {
        K::OWNERSHIP
    }
    fn rank(&self) -> u8 {
        K::RANK
    }
    fn listed(&self) -> bool {
        K::LISTED
    }
    fn trace(&self, fleet: &str) -> Option<String> {
        K::trace(fleet)
    }
    fn reads_all(&self) -> bool {
        K::READS_ALL
    }
    fn adoptable(&self) -> bool {
        K::ADOPTABLE
    }
    fn attributes(&self) -> &'static [&'static str] {
        K::ATTRIBUTES
    }
    fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<K::Spec>()
    }
    fn check(&self, name: &str, spec: &Value, problems: &mut Problems) {
        match serde_path_to_error::deserialize::<_, K::Spec>(spec) {
            Ok(spec) => K::check(name, &spec, problems),
            Err(error) => problems.push(pointer(error.path()), error.inner().to_string()),
        }
    }
    fn files(&self, spec: &Value) -> Vec<FileRequest> {
        serde_json::from_value(spec.clone()).map(|spec| K::files(&spec)).unwrap_or_default()
    }
    fn references(&self, spec: &Value) -> Vec<Reference> {
        serde_json::from_value(spec.clone()).map(|spec| K::references(&spec)).unwrap_or_default()
    }
    fn orders(&self, pointer: &str) -> bool {
        K::orders(pointer)
    }
    fn desired(&self, spec: &Value, scope: &Scope) -> Result<Value, Problems> {
        let spec = serde_json::from_value(spec.clone()).map_err(|error| Problems::one("", error.to_string()))?;
        let state = K::desired(spec, scope)?;
        Ok(serde_json::to_value(state).expect("a state is plain data"))
    }
    fn attribute(&self, name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        K::attribute(name, attribute, scope)
    }
    fn replaces(&self, path: &str) -> bool {
        K::replaces(path)
    }
    fn hides(&self, path: &str) -> bool {
        K::hides(path)
    }
    fn parent(&self, state: &Value) -> Option<String> {
        K::parent(&typed::<K>(state))
    }
    fn read<'a>(&'a self, cx: &'a Context, name: &'a str) -> BoxFuture<'a, Result<Option<LiveObject>, AwsError>> {
        Box::pin(async move { Ok(K::read(cx, name).await?.map(object::<K>)) })
    }
    fn read_declared<'a>(
        &'a self,
        cx: &'a Context,
        name: &'a str,
        desired: &'a Value,
    ) -> BoxFuture<'a, Result<Option<LiveObject>, AwsError>> {
        Box::pin(async move { Ok(K::read_declared(cx, name, &typed::<K>(desired)).await?.map(object::<K>)) })
    }
    fn read_many<'a>(
        &'a self,
        cx: &'a Context,
        names: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<LiveObject>, AwsError>> {
        Box::pin(async move { Ok(K::read_many(cx, names).await?.into_iter().map(object::<K>).collect()) })
    }
    fn create<'a>(&'a self, cx: &'a Context, name: &'a str, desired: &'a Value) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { K::create(cx, name, &typed::<K>(desired)).await })
    }
    fn update<'a>(
        &'a self,
        cx: &'a Context,
        object: &'a LiveObject,
        desired: &'a Value,
    ) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { K::update(cx, &live::<K>(object), &typed::<K>(desired)).await })
    }
    fn retag<'a>(
        &'a self,
        cx: &'a Context,
        object: &'a LiveObject,
        change: &'a TagChange,
    ) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { K::retag(cx, &live::<K>(object), change).await })
    }
    fn delete<'a>(&'a self, cx: &'a Context, object: &'a LiveObject) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { K::delete(cx, &live::<K>(object)).await })
    }
    fn clear<'a>(&'a self, cx: &'a Context, object: &'a LiveObject) -> BoxFuture<'a, Result<(), AwsError>> {
        Box::pin(async move { K::clear(cx, &live::<K>(object)).await })
    }
    fn list<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<Vec<String>, AwsError>> {
        Box::pin(K::list(cx))
    }
}

/// A path of `serde_path_to_error` as a JSON pointer.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", crate::spec::node::pointer_token(key)),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// All kinds. The registry is the one visible list; it lives with the kinds.
pub fn all() -> &'static [&'static dyn AnyKind] {
    crate::resources::KINDS
}

pub fn sections() -> impl Iterator<Item = &'static str> {
    all().iter().map(|kind| kind.section())
}

pub fn find(section: &str) -> Option<&'static dyn AnyKind> {
    all().iter().copied().find(|kind| kind.section() == section)
}

pub fn of(address: &Address) -> &'static dyn AnyKind {
    find(&address.section).expect("addresses are made from registered sections")
}
