//! Broad access to the data plane of AWS IoT: the decision table of the check "AWS IoT
//! policies overly permissive", as questions to [`access`].
//!
//! Broad means: a device that nobody named reaches what belongs to another device that
//! nobody named. A policy that lists names, or shares a name's beginning
//! (`thing/plant1-*`), is not broad; AWS's page on Amazon Cognito roles calls a name
//! prefix compliant, and the same is chosen for the other rows. Region, account and
//! partition of an ARN are not judged, see [`place`]. Source: Device Defender guide,
//! "AWS IoT policies overly permissive".
//!
//! Not looked at: shared subscriptions (`$share/…`) and topics outside `$aws/things/`;
//! AWS's table names neither.

use super::access::{Access, Answer, ask_any};
use super::context::{CLIENT_ID, Context, IS_ATTACHED, Known, THING_NAME};
use super::document::Statement;
use super::pattern::{Class, Letter, Pattern, Token};
use super::place::{self, Place};

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Connect,
    Publish,
    Subscribe,
    /// The shadow and job execution APIs.
    DataApi,
}

/// All rows. `iot:Receive` has none: delivery is bounded by what may be subscribed to.
pub const ROWS: [Row; 4] = [Row::Connect, Row::Publish, Row::Subscribe, Row::DataApi];

impl Row {
    /// AWS's names of the actions.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Row::Connect => &["iot:Connect"],
            Row::Publish => &["iot:Publish"],
            Row::Subscribe => &["iot:Subscribe"],
            Row::DataApi => &[
                "iot:DeleteThingShadow",
                "iot:GetThingShadow",
                "iot:UpdateThingShadow",
                "iot:DescribeJobExecution",
                "iot:GetPendingJobExecutions",
                "iot:StartNextPendingJobExecution",
                "iot:UpdateJobExecution",
            ],
        }
    }

    /// An access of this row in words, `OTHER` being any name.
    pub fn in_words(self, action: &str, access: &Access) -> String {
        let resource = access.resource_text();
        let name = resource.split_once('/').map_or("", |(_, name)| name);
        match self {
            Row::Connect => format!("any device may connect with the client ID {name}"),
            Row::Publish => format!("any device may publish to {name}"),
            Row::Subscribe => format!("any device may subscribe to {name}"),
            Row::DataApi => format!("any device may call {action} on {resource}"),
        }
    }

    /// The resources of a device with this name; the most telling first, because the
    /// first that is reachable becomes the counterexample.
    fn resources(self, place: &Place, name: &Pattern) -> Vec<Pattern> {
        let anything = Pattern::anything();
        let of = |kind: &str, name: &Pattern| place.iot_resource(kind).then(name);
        match self {
            Row::Connect => vec![of("client/", name)],
            Row::Publish => {
                let topic = of("topic/$aws/things/", name);
                vec![topic.clone().then_text("/shadow/update"), topic.then_text("/").then(&anything)]
            }
            Row::Subscribe => {
                let filter = of("topicfilter/$aws/things/", name);
                vec![filter.clone().then_text("/shadow/update/accepted"), filter.then_text("/").then(&anything)]
            }
            Row::DataApi => {
                let thing = of("thing/", name);
                vec![thing.clone(), thing.then_text("/").then(&anything)]
            }
        }
    }

    /// Filters that reach all things by MQTT's own wildcards, which are plain
    /// characters to the policy engine.
    fn wildcard_filters(self, place: &Place) -> Vec<Pattern> {
        if self != Row::Subscribe {
            return vec![];
        }
        let things = place.iot_resource("topicfilter/$aws/things/");
        vec![things.clone().then_text("#"), things.then_text("+/").then(&Pattern::anything())]
    }

    fn contexts(self) -> Vec<Context> {
        match self {
            Row::Connect => vec![Context::connecting_as_another()],
            _ => vec![Context::attached_device(), Context::unattached_device()],
        }
    }
}

/// What one row found.
#[derive(Debug, Default)]
pub struct Reach {
    /// AWS's action name, and an access with it.
    pub allowed: Vec<(&'static str, Access)>,
    /// Actions for which the search was given up.
    pub too_complex: Vec<&'static str>,
}

/// The statements of all policies that apply together, ready for questions.
#[derive(Debug)]
pub struct DataPlane<'a> {
    statements: &'a [Statement],
    places: Vec<Place>,
}

impl<'a> DataPlane<'a> {
    /// Prepares `statements`.
    pub fn new(statements: &'a [Statement]) -> Self {
        Self { statements, places: place::places(statements) }
    }

    /// The actions of `row` with which any device reaches any other.
    pub fn broad(&self, row: Row) -> Reach {
        let name = Pattern::arbitrary_name();
        let of_place = |place: &Place| {
            let mut resources = row.resources(place, &name);
            resources.extend(row.wildcard_filters(place));
            resources
        };
        self.reach(row, self.places.iter().flat_map(of_place).collect())
    }

    /// The actions of `row` with which a device reaches a family of others: names that
    /// share some text but are otherwise free.
    pub fn family(&self, row: Row) -> Reach {
        let rest = || Pattern::of([Token::Many(Class::Not(Letter::Char('/')))]);
        let fresh = Pattern::of([Token::One(Class::Only(Letter::Fresh))]);
        let name = rest().then(&fresh).then(&rest());
        let resources = self.places.iter().flat_map(|place| row.resources(place, &name));
        self.reach(row, resources.collect())
    }

    /// Whether a certificate that is not attached to a thing may connect under that
    /// thing's name, because `client/${iot:Connection.Thing.ThingName}` stands without the
    /// condition.
    pub fn connects_unattached(&self) -> Answer {
        let own = Pattern::of([Token::One(Class::Only(Letter::Own(THING_NAME.into())))]);
        let context = Context::default()
            .with(CLIENT_ID, Known::Value(own.clone()))
            .with(THING_NAME, Known::Value(own.clone()))
            .with_text(IS_ATTACHED, "false");
        let mut answer = Answer::Impossible;
        for place in &self.places {
            let resource = place.iot_resource("client/").then(&own);
            let action = Pattern::literal("iot:connect");
            let contexts = std::slice::from_ref(&context);
            match ask_any(self.statements, &action, &[resource], contexts) {
                allowed @ Answer::Allowed(_) => return allowed,
                Answer::TooComplex => answer = Answer::TooComplex,
                Answer::Impossible => {}
            }
        }
        answer
    }

    fn reach(&self, row: Row, resources: Vec<Pattern>) -> Reach {
        let contexts = row.contexts();
        let mut reach = Reach::default();
        for action in row.actions() {
            let pattern = Pattern::literal(&action.to_lowercase());
            let mut too_complex = false;
            for resource in &resources {
                let resource = std::slice::from_ref(resource);
                match ask_any(self.statements, &pattern, resource, &contexts) {
                    Answer::Allowed(access) => {
                        reach.allowed.push((action, access));
                        too_complex = false;
                        break;
                    }
                    Answer::TooComplex => too_complex = true,
                    Answer::Impossible => {}
                }
            }
            if too_complex {
                reach.too_complex.push(action);
            }
        }
        reach
    }
}
