//! What an alarm does when it changes its state.

use std::collections::BTreeSet;

use super::Spec;
use crate::resources::{function, topic};
use crate::scope::{Place, Reference};

/// The principal by which an alarm invokes a function (API:PutMetricAlarm, "Lambda actions").
const INVOKES_AS: &str = "lambda.alarms.cloudwatch.amazonaws.com";

/// One of the three lists of actions, with its sugar and the names of its fields.
pub struct Actions<'a> {
    pub notify: (&'static str, &'a BTreeSet<String>),
    pub invoke: (&'static str, &'a BTreeSet<String>),
    pub others: &'a BTreeSet<String>,
}

impl Spec {
    /// The actions for the states ALARM, OK and INSUFFICIENT_DATA.
    pub fn actions(&self) -> [Actions<'_>; 3] {
        [
            Actions { notify: ("notify", &self.notify), invoke: ("invoke", &self.invoke), others: &self.alarm_actions },
            Actions {
                notify: ("notifyOk", &self.notify_ok),
                invoke: ("invokeOk", &self.invoke_ok),
                others: &self.ok_actions,
            },
            Actions {
                notify: ("notifyInsufficientData", &self.notify_insufficient_data),
                invoke: ("invokeInsufficientData", &self.invoke_insufficient_data),
                others: &self.insufficient_data_actions,
            },
        ]
    }
}

impl Actions<'_> {
    pub fn arns(&self, place: &Place) -> BTreeSet<String> {
        let topics = self.notify.1.iter().map(|text| Reference::arn(text, |name| topic::arn(place, name)));
        let functions = self.invoke.1.iter().map(|text| Reference::arn(text, |name| function::arn(place, name)));
        topics.chain(functions).chain(self.others.iter().cloned()).collect()
    }

    pub fn references(&self) -> impl Iterator<Item = Reference> {
        let (notify, topics) = self.notify;
        let (invoke, functions) = self.invoke;
        let topics = topics.iter().enumerate();
        let functions = functions.iter().enumerate();
        let topics =
            topics.filter_map(move |(index, name)| Reference::to("topics", name, format!("/{notify}/{index}")));
        let functions = functions.filter_map(move |(index, name)| {
            Some(Reference::to("functions", name, format!("/{invoke}/{index}"))?.invoking_as(INVOKES_AS))
        });
        topics.chain(functions)
    }
}
