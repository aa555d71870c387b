//! Replays the labelled corpus of copies, look-alikes and changes against a memory, and holds
//! deduplication to its gate in three poll orders. `dedup_pipeline` does the same through the binary.
//!
//! The corpus is read from `../shared/dedup`; without it the suite says so and passes.

mod dedup_corpus;

use std::path::Path;

use dedup_corpus::gate;
use dedup_corpus::replay::Replay;

#[test]
fn the_gate_holds_in_order_1() {
    hold_the_gate("1");
}

#[test]
fn the_gate_holds_in_order_2() {
    hold_the_gate("2");
}

#[test]
fn the_gate_holds_in_order_3() {
    hold_the_gate("3");
}

#[test]
fn the_same_polls_give_the_same_stories() {
    let Some(corpus) = gate::corpus() else { return };
    let mut order = gate::order(&corpus, "2");
    order.truncate(1);
    assert_eq!(replayed(&corpus, &order).outcome(), replayed(&corpus, &order).outcome());
}

fn hold_the_gate(name: &str) {
    let Some(corpus) = gate::corpus() else { return };
    let (clusters, seen) = replayed(&corpus, &gate::order(&corpus, name)).outcome();
    gate::hold(&corpus, ("memory", name), &clusters, &seen);
}

fn replayed(corpus: &Path, order: &[Vec<String>]) -> Replay {
    let mut replay = Replay::default();
    let snapshots = order.iter().zip(gate::instants(corpus)).enumerate();
    for (snapshot, (sources, now)) in snapshots {
        for source in sources {
            if let Some(document) = gate::document(corpus, source, snapshot) {
                replay.poll(source, snapshot, now, &document);
            }
        }
    }
    replay
}
