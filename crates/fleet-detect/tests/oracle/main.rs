//! A slow, obvious second evaluator, and the proof that the fast one agrees with it on thousands of random fleets.
//!
//! `recompute` collects everything, sorts and recomputes from the written semantics; it shares no logic with the
//! library. `random` makes fleets, profiles, semantics and orders of arrival from a seed.

mod random;
mod recompute;

use std::num::NonZeroUsize;

use fleet_detect::{Batch, Config, Counts, Evaluator, Event, Output, Violation};
use random::Random;

const CASES: u64 = 2000;

fn lines(violations: &[Violation]) -> Vec<(i64, String, bool)> {
    let mut lines: Vec<_> = violations.iter().map(|v| (v.at, v.to_json(), v.suppressed)).collect();
    lines.sort();
    lines
}

fn evaluate(config: &Config, events: &[Event]) -> Vec<Violation> {
    let mut evaluator = Evaluator::new(config).unwrap();
    let mut output = Output::default();
    evaluator.observe_batch(events, &mut output);
    evaluator.finish(&mut output);
    output.violations
}

/// Every datapoint with its device's name, in an order of its own.
type Datapoints = Vec<(i64, usize, usize, String, String)>;

/// Evaluates with the devices split over threads and the events over batches.
fn evaluate_split(
    config: &Config,
    events: &[Event],
    threads: usize,
    each: usize,
) -> (Vec<Violation>, Datapoints, Counts) {
    let mut evaluator = Evaluator::with_threads(config, NonZeroUsize::new(threads).unwrap()).unwrap();
    let mut output = Output::with_datapoints();
    let batch = |events: &[Event<'static>]| {
        let mut batch = Batch::default();
        events.iter().for_each(|event| batch.push(event.clone()));
        batch
    };
    let owned: Vec<Event<'static>> = events.iter().cloned().map(Event::into_owned).collect();
    let batches: Vec<Batch> = owned.chunks(each).map(batch).collect();
    batches.chunks(threads).for_each(|batches| evaluator.observe_batches(batches, &mut output));
    let counts = evaluator.finish(&mut output);
    let datapoints = output.datapoints.iter().map(|found| {
        let verdict = format!("{:?} {} {:?}", found.value, found.conforms, found.threshold);
        (found.at, found.profile, found.behavior_index, evaluator.device_name(found.device).to_owned(), verdict)
    });
    let mut datapoints: Datapoints = datapoints.collect();
    datapoints.sort();
    (output.violations, datapoints, counts)
}

/// Evaluates with the state saved, dropped and restored at random events.
fn evaluate_cut(config: &Config, events: &[Event], random: &mut Random) -> Vec<Violation> {
    let threads = NonZeroUsize::new(1 + random.below(3) as usize).unwrap();
    let mut evaluator = Evaluator::with_threads(config, threads).unwrap();
    let mut output = Output::default();
    let every = 1 + random.below(events.len().max(1) as u64);
    for event in events {
        if random.below(every) == 0 {
            evaluator = Evaluator::restore(config, &evaluator.save()).unwrap();
        }
        evaluator.observe(event, &mut output);
    }
    Evaluator::restore(config, &evaluator.save()).unwrap().finish(&mut output);
    output.violations
}

#[test]
fn the_evaluator_agrees_with_recomputation_and_cuts_change_nothing() {
    let mut raised = [0_u64; 3];
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let (config, events) = random::case(&mut random);
        let found = evaluate(&config, &events);
        assert!(found.is_sorted_by_key(|violation| violation.at), "seed {seed}: not in order of time");
        let expected = recompute::violations(&config, &events);
        let found_lines = lines(&found);
        if found_lines != expected {
            let missing: Vec<_> = expected.iter().filter(|line| !found_lines.contains(line)).collect();
            let extra: Vec<_> = found_lines.iter().filter(|line| !expected.contains(line)).collect();
            panic!("seed {seed}\nconfig {config:#?}\nmissing {missing:#?}\nextra {extra:#?}");
        }
        assert_eq!(evaluate_cut(&config, &events, &mut random), found, "seed {seed}: a cut changed the result");
        let whole = evaluate_split(&config, &events, 1, events.len().max(1));
        assert_eq!(whole.0, found, "seed {seed}: batches changed the result");
        for threads in [2, 5] {
            let split = evaluate_split(&config, &events, threads, 1 + random.below(40) as usize);
            assert_eq!(split, whole, "seed {seed}: {threads} threads changed the result");
        }
        found.iter().for_each(|violation| raised[violation.event as usize] += 1);
    }
    // The proof is worth something only if it saw every kind of event often.
    assert!(raised.iter().all(|count| *count > 100), "too few events of a kind: {raised:?}");
}
